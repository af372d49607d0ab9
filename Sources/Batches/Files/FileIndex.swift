/// All files by id and in order of creation, and how much they take.
struct FileIndex: Sendable {
    private(set) var ordered: [StoredFile] = []
    private(set) var bytes = 0
    private var byID: [FileID: StoredFile] = [:]

    var count: Int { ordered.count }
    var nextOrdinal: Int { (ordered.last?.ordinal ?? -1) + 1 }

    subscript(id: FileID) -> StoredFile? { byID[id] }

    mutating func insert(_ file: StoredFile) {
        if byID.updateValue(file, forKey: file.id) != nil { return }
        ordered.insert(file, at: place(of: file.ordinal))
        bytes += file.bytes
    }

    mutating func remove(_ id: FileID) -> StoredFile? {
        guard let file = byID.removeValue(forKey: id) else { return nil }
        ordered.remove(at: place(of: file.ordinal))
        bytes -= file.bytes
        return file
    }

    /// The first place whose file is not older.
    private func place(of ordinal: Int) -> Int {
        var low = 0
        var high = ordered.count
        while low < high {
            let middle = (low + high) / 2
            if ordered[middle].ordinal < ordinal { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
