import Foundation
import Hummingbird
import Parterre

/// Most requests that may wait for a place in the batch.
private let mostWaiting = 64

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
        let status = await engine.status()
        guard status.state == .serving else { throw HTTPError(.serviceUnavailable, message: "shutting down") }
        guard status.waitingSequences < mostWaiting else {
            throw HTTPError(.tooManyRequests, message: "try again later")
        }
        return stream(engine.generate(generation), answering: request)
    }
    return router
}

/// Texts as they are written. A client that hangs up ends its request.
private func stream(
    _ events: AsyncThrowingStream<GenerationEvent, any Error>, answering request: Request
) -> Response {
    Response(
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
