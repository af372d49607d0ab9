// PagedCache
