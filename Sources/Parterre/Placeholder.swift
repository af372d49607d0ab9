// Parterre
