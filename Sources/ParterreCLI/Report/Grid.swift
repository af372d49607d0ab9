/// A table of several columns, in Markdown and aligned for the eye. The first column is text, the others are numbers.
struct Grid {
    let header: [String]
    private var rows: [[String]] = []

    init(_ header: [String]) { self.header = header }

    mutating func row(_ cells: [String]) {
        precondition(cells.count == header.count, "a cell for every column")
        rows.append(cells)
    }

    var text: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            return "| " + padded.joined(separator: " | ") + " |\n"
        }
        let rule = widths.enumerated().map { column, width in
            column == 0 ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
        }
        return line(header) + "| " + rule.joined(separator: " | ") + " |\n" + rows.map(line).joined()
    }
}
