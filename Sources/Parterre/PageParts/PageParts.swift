/// What several pages are made of: compiled into the program, as UTF-8.
package enum PageParts {
    /// Colours and sizes, and how headings, buttons, panels, tiles and tables look; light, dark and on paper.
    package static var commonStyle: [UInt8] { PackageResources.common_css }
    /// Numbers and names as people read them, and elements made of them.
    package static var words: [UInt8] { PackageResources.words_js }
    /// The colours of pictures; needs `commonStyle`.
    package static var colours: [UInt8] { PackageResources.colours_js }
}
