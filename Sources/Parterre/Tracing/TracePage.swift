public import Foundation
public import Scheduler

/// A trace as a page to look at: one HTML file that needs nothing but a browser, no network and no file beside it.
public struct TracePage: Sendable {
    public var title: String
    public var trace: Trace

    public init(_ trace: Trace, title: String) {
        self.trace = trace
        self.title = title
    }

    /// The whole file. The page's parts are compiled into the program, so there is no resource to miss.
    public func html() throws -> Data {
        let parts: [String: Data] = [
            "title": Data(Self.escaped(title).utf8),
            "style": Data(PageParts.commonStyle + PackageResources.style_css),
            "script": Data(Self.scripts.map { Data($0) }.joined(separator: Data("\n".utf8))),
            "trace": Self.embedded(try Self.json(trace)),
        ]
        return Self.fill(Data(PackageResources.page_html), parts)
    }

    /// The trace alone, as `Trace` reads it.
    public static func json(_ trace: Trace) throws -> Data { try JSONEncoder().encode(trace) }

    /// What each uses stands before it.
    private static var scripts: [[UInt8]] {
        [
            PackageResources.model_js, PageParts.words, PageParts.colours, PackageResources.raster_js,
            PackageResources.axis_js, PackageResources.panel_js, PackageResources.blocks_js,
            PackageResources.swap_js, PackageResources.batch_js, PackageResources.time_js, PackageResources.lanes_js,
            PackageResources.overview_js, PackageResources.figures_js, PackageResources.main_js,
        ]
    }

    /// Put parts in the places of `{{name}}`, in one pass: what a part says is never searched for places.
    private static func fill(_ template: Data, _ parts: [String: Data]) -> Data {
        var page = Data()
        var rest = template[...]
        while let open = rest.firstRange(of: Data("{{".utf8)), let close = rest.firstRange(of: Data("}}".utf8)) {
            page += rest[..<open.lowerBound]
            let name = String(decoding: rest[open.upperBound..<close.lowerBound], as: UTF8.self)
            page += parts[name] ?? Data()
            rest = rest[close.upperBound...]
        }
        return page + rest
    }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    /// JSON that cannot end the element it stands in: `<` occurs in strings only, and may be written as an escape there.
    static func embedded(_ json: Data) -> Data {
        var safe = Data(capacity: json.count)
        for byte in json {
            if byte == UInt8(ascii: "<") { safe += Data(#"\u003c"#.utf8) } else { safe.append(byte) }
        }
        return safe
    }
}
