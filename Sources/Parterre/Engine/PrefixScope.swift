import Kernels
import Models

/// What cached keys and values depend on beside their tokens.
struct PrefixScope: Hashable {
    var model: BloomConfiguration
    var weights: WeightFormat
    var headWeights: WeightFormat
    var keyValues: KeyValueFormat
}
