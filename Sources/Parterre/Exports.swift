// What a caller needs of the rooms below, so that `import Parterre` is enough.
@_exported public import Basics
@_exported public import ChatTemplates
@_exported public import Models
@_exported public import Scheduler
@_exported public import Tokenizers
