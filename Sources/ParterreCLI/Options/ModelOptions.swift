import ArgumentParser
import Foundation
import Parterre

/// Which model.
struct ModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of a checkpoint as Hugging Face lays it out (config.json, *.safetensors, tokenizer.json). "
                + "Without it the small model that ships with Parterre is used.",
            valueName: "dir"))
    var model: String?

    var source: ModelSource { model.map { .directory(URL(filePath: $0, directoryHint: .isDirectory)) } ?? .bundled }
}
