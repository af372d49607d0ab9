import Foundation
import HTTPTypes
import Parterre

/// A file of the server's page: compiled into the program, so there is none to miss.
struct PageFile: Sendable {
    let name: String
    let type: String
    let bytes: [UInt8]
    /// Changes with the content.
    let tag: String

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        type =
            switch name.split(separator: ".").last {
            case "html": "text/html; charset=utf-8"
            case "css": "text/css; charset=utf-8"
            default: "text/javascript; charset=utf-8"
            }
        // FNV-1a (Fowler, Noll, Vo): nothing hangs on it but that a new version is told from an old one.
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        tag = "\"\(String(hash, radix: 16))\""
    }
}

extension PageFile {
    static let page = PageFile("page.html", PackageResources.page_html)

    /// What the page asks for, by their names under `/page/`.
    static let parts: [PageFile] = [
        PageFile("common.css", PageParts.commonStyle),
        PageFile("style.css", PackageResources.style_css),
        PageFile("words.js", PageParts.words),
        PageFile("colours.js", PageParts.colours),
        PageFile("connection.js", PackageResources.connection_js),
        PageFile("probabilities.js", PackageResources.probabilities_js),
        PageFile("text.js", PackageResources.text_js),
        PageFile("compose.js", PackageResources.compose_js),
        PageFile("figures.js", PackageResources.figures_js),
        PageFile("batch.js", PackageResources.batch_js),
        PageFile("blocks.js", PackageResources.blocks_js),
        PageFile("live.js", PackageResources.live_js),
        PageFile("main.js", PackageResources.main_js),
    ]
}
