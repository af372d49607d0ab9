import Kernels

/// What a packed file says about itself, once it agrees with the configuration and with its own size.
struct PackedModelTable {
    let header: PackedModelHeader
    let layout: PackedModelLayout
    /// Byte of the file where the data begin.
    let dataStart: Int
    /// With the head that the file holds.
    let configuration: BloomConfiguration
    /// The layers' format and the head's.
    let format: WeightFormat
    let headFormat: WeightFormat

    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - file: how errors name it.
    /// - Throws: `CheckpointError`, for whatever bytes there are.
    init(_ bytes: UnsafeRawBufferPointer, configuration: BloomConfiguration, file: String) throws {
        func failure(_ problem: String) -> CheckpointError { .malformed(file: file, problem: problem) }
        (header, dataStart) = try PackedModelHeader.decode(bytes, file: file)
        // A checkpoint's files may hold a head of its own, whatever its config.json says: the packed file knows.
        var configuration = configuration
        configuration.tiedHead = header.sizes.tiedHead
        self.configuration = configuration
        guard header.sizes == PackedModelHeader.Sizes(configuration) else {
            let sizes = header.sizes
            throw failure(
                "it was packed for a vocabulary of \(sizes.vocabulary), hidden size \(sizes.hidden), \(sizes.layers) layers "
                    + "and \(sizes.heads) heads, which config.json contradicts")
        }
        guard let format = WeightFormat(rawValue: header.weights),
            let headFormat = WeightFormat(rawValue: header.headWeights), header.panels == PackedModelHeader.Panels()
        else {
            throw failure("its panels are not those of this program: write the file again with parterre quantize")
        }
        self.format = format
        self.headFormat = headFormat
        // Before a layout is made: it takes memory for each tensor that the configuration tells of.
        guard header.tensors.count == configuration.tensorCount else {
            throw failure(
                "it lists \(header.tensors.count) tensors, but the model has \(configuration.tensorCount)")
        }
        layout = PackedModelLayout(configuration, format: format, headFormat: headFormat)
        // Nothing in the file says where to read: the layout does, and the file's table has to agree.
        var expected = PackedModelHeader(configuration, format: format, headFormat: headFormat, layout: layout)
        for (index, found) in header.tensors.enumerated() {
            expected.tensors[index].checksum = found.checksum
            guard expected.tensors[index] == found else {
                throw CheckpointError.malformedTensor(
                    found.name, file: file, problem: "is not described as the model's \(expected.tensors[index].name)")
            }
        }
        guard bytes.count == dataStart + layout.byteCount else {
            throw failure(
                "the file has \(bytes.count) bytes instead of \(dataStart + layout.byteCount): "
                    + "it is cut off or damaged")
        }
    }
}
