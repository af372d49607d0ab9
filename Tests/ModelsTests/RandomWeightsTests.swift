import CKernels
import Kernels
import Testing

@testable import Models

@Suite struct RandomWeightsTests {
    static let shape = BloomConfiguration(vocabularySize: 150, hiddenSize: 40, layerCount: 2, headCount: 5)

    @Test("a number depends on seed, stream and index alone")
    func numbers() {
        let numbers = RandomNumbers(seed: 3, stream: "a", mean: 0, deviation: 0.02)
        let whole = Self.words(numbers, 0..<500)
        #expect(Self.words(numbers, 100..<357) == Array(whole[100..<357]))
        #expect(Self.words(RandomNumbers(seed: 4, stream: "a", mean: 0, deviation: 0.02), 0..<500) != whole)
        #expect(Self.words(RandomNumbers(seed: 3, stream: "b", mean: 0, deviation: 0.02), 0..<500) != whole)
    }

    @Test("numbers have the mean, the deviation and the tails of a normal", arguments: [0 as Float, 1])
    func distribution(mean: Float) {
        let numbers = Self.floats(RandomNumbers(seed: 1, stream: "x", mean: mean, deviation: 0.02), 0..<40_000)
        let count = Double(numbers.count)
        let average = numbers.reduce(0) { $0 + Double($1) } / count
        let deviation = (numbers.reduce(0) { $0 + (Double($1) - average) * (Double($1) - average) } / count)
            .squareRoot()
        #expect(abs(average - Double(mean)) < 0.0005)
        // Around 1 a bf16 step is 0.0078, which adds its own deviation of 0.0023.
        #expect(abs(deviation - 0.02) < 0.0005)
        let beyondTwo = Double(numbers.count { abs($0 - mean) > 0.04 }) / count
        #expect(0.03...0.06 ~= beyondTwo)
        #expect(numbers.allSatisfy { abs($0 - mean) < 0.08 })
    }

    @Test("rows read a few at a time are those read at once")
    func stretches() throws {
        let crew = try WorkerLanes(threads: 3)
        defer { crew.stop() }
        let kernels = try KernelSet.select()
        let tensor = RandomWeights(Self.shape, seed: 7).reader(of: "word_embeddings.weight", shape: [150, 40])
        func floats(_ rows: [Range<Int>]) -> [[Float]] {
            tensor.read(rows, crew: crew).map { part in
                Array(unsafeUninitializedCapacity: part.held.count * 40) { buffer, count in
                    guard let base = buffer.baseAddress else { return }
                    part.convert(to: base, kernels: kernels)
                    count = part.held.count * 40
                }
            }
        }
        let whole = floats([0..<150])[0]
        #expect(floats([10..<11, 64..<128, 150..<150]) == [Array(whole[400..<440]), Array(whole[2560..<5120]), []])
    }

    @Test("packed weights have the same bits at any number of lanes", arguments: WeightFormat.allCases)
    func lanes(format: WeightFormat) throws {
        let kernels = try KernelSet.select()
        let packed = try [1, 2, 5].map { threads in
            let crew = try WorkerLanes(threads: threads)
            defer { crew.stop() }
            let weights = try BloomWeights(
                RandomWeights(Self.shape, seed: 2), format: format, crew: crew, kernels: kernels)
            return weights.regions.map { Array(UnsafeRawBufferPointer(start: $0.base, count: $0.byteCount)) }
        }
        #expect(packed[0] == packed[1] && packed[0] == packed[2])
    }

    @Test(
        "published shapes have the published number of parameters",
        arguments: [
            ("bloom-560m", 559_214_592), ("1b1", 1_065_314_304), ("BLOOM-1b7", 1_722_408_960),
            ("3b", 3_002_557_440), ("7b1", 7_069_016_064),
        ])
    func shapes(name: String, parameters: Int) throws {
        let shape = try #require(BloomShape(named: name))
        #expect(shape.configuration.parameterCount == parameters)
        #expect(BloomShape(named: shape.name) == shape)
    }

    @Test("other names are no shapes", arguments: ["", "bloom", "560", "bloom-", "gpt2"])
    func noShapes(name: String) { #expect(BloomShape(named: name) == nil) }

    private static func words(_ numbers: RandomNumbers, _ range: Range<Int>) -> [UInt16] {
        Array(unsafeUninitializedCapacity: range.count) { buffer, count in
            numbers.fill(UnsafeMutableBufferPointer(rebasing: buffer[..<range.count]), from: range.lowerBound)
            count = range.count
        }
    }

    private static func floats(_ numbers: RandomNumbers, _ range: Range<Int>) -> [Float] {
        words(numbers, range).map { Float(bitPattern: UInt32($0) << 16) }
    }
}
