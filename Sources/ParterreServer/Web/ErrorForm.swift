import Forms
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Turns whatever a route throws into OpenAI's form of an error.
struct ErrorForm: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError {
            if error.status == .notFound { return Response(Self.noSuchRoute(request)) }
            return Response(APIError(error.status, "\(error.status.reasonPhrase)"))
        } catch {
            let answer = APIError(error)
            if answer.status == .internalServerError {
                logger.error("\(request.method) \(request.uri.path) failed", metadata: ["error": "\(error)"])
            }
            return Response(answer)
        }
    }

    private static func noSuchRoute(_ request: Request) -> APIError {
        APIError(
            .notFound, "there is no \(request.method) \(request.uri.path.prefix(200)) here", code: "unknown_url")
    }
}
