import Foundation
import Hummingbird
import Parterre

func routes(_ engine: Engine) -> Router<BasicRequestContext> {
    let router = Router()

    router.get("/health") { _, _ -> Response in
        let status = await engine.status()
        let line = "\(status.state): \(status.runningSequences) running, \(status.waitingSequences) waiting\n"
        return Response(
            status: status.state == .serving ? .ok : .serviceUnavailable, headers: [.contentType: "text/plain"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: line)))
    }

    router.post("/generate") { request, _ -> Response in
        var request = request
        let body = try await request.collectBody(upTo: 1 << 20)
        let generation = try GenerateBody(body).request(for: engine)
        return try await answer(request, with: engine.generate(generation))
    }
    return router
}

/// The text as it is written. A client that hangs up ends its request.
///
/// - Throws: `HTTPError` when the engine does not take the request on.
private func answer(
    _ request: Request, with events: AsyncThrowingStream<GenerationEvent, any Error>
) async throws -> Response {
    // The first event says that the request was taken on; then there is a text, and the status is 200.
    do {
        for try await case .started in events { break }
    } catch let error as RequestError {
        throw HTTPError(error.status, message: error.message)
    }
    return Response(
        status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
        body: ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                do {
                    for try await case .token(let token) in events where !token.text.isEmpty {
                        try await writer.write(ByteBuffer(string: token.text))
                    }
                } catch let error as RequestError {
                    try await writer.write(ByteBuffer(string: "\n[\(error.message)]"))
                }
                try await writer.write(ByteBuffer(string: "\n"))
            }
            try await writer.finish(nil)
        })
}

extension RequestError {
    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .queueFull: .tooManyRequests
        case .engineDraining, .engineStopped: .serviceUnavailable
        default: .badRequest
        }
    }
}
