import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging

/// Gives every request a name, echoes the client's own, and logs one line when it has been answered. Prompts and texts stay
/// out of the log.
struct RequestLog: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let begin = ContinuousClock.now
        let id = Self.name(of: request, context)
        context.record.update { $0.name = id }
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            if !(error is CancellationError) { logger.error("\(request.method) \(request.uri.path): \(error)") }
            response = Response(APIError(error))
        }
        response.headers[Self.header] = id
        let status = response.status.code
        @Sendable func log() {
            let figures = context.record.current
            var metadata: Logger.Metadata = [
                "id": "\(id)", "status": "\(status)", "ms": "\(Self.milliseconds(since: begin))",
            ]
            if figures.promptTokens > 0 { metadata["prompt_tokens"] = "\(figures.promptTokens)" }
            if figures.completionTokens > 0 { metadata["completion_tokens"] = "\(figures.completionTokens)" }
            if let failure = figures.failure { metadata["failure"] = "\(failure)" }
            logger.info("\(request.method) \(request.uri.path)", metadata: metadata)
        }
        if response.body.contentLength != nil {
            log()
        } else {
            let body = response.body
            response.body = ResponseBody { writer in
                defer { log() }
                try await body.write(writer)
            }
        }
        return response
    }

    /// With one digit behind the point.
    private static func milliseconds(since begin: ContinuousClock.Instant) -> Double {
        ((ContinuousClock.now - begin) / .milliseconds(1) * 10).rounded() / 10
    }

    static let header = HTTPField.Name("X-Request-Id") ?? .via

    /// The client's name for the request, if it is one that can stand in a log line.
    private static func name(of request: Request, _ context: ServerContext) -> String {
        if let given = request.headers[header], (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            return given
        }
        return context.name
    }
}
