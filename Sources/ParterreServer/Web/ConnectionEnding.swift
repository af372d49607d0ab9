import Forms
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1

/// Decides which answer is a connection's last, and ends the connection behind it so that the client gets to read it.
///
/// A socket that is closed while bytes lie in it unread resets the connection, and a client that is still sending then loses the
/// answer. So behind the last answer only the sending half is closed; what still comes is read and thrown away until the client
/// closes too, for a while. It stands between the parser and all else, so that nobody else hears of what is thrown away.
final class ConnectionEnding: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    struct Manners: Sendable {
        /// How long and how much is read behind the last answer.
        var time: TimeAmount
        var bytes: Int
        /// Hears of what is no HTTP, which no route sees.
        var logger: Logger
    }

    private enum State {
        case open
        /// The head of the last answer is written.
        case answeringLast
        /// All of the last answer is written; the system has not taken it yet.
        case flushing
        /// Nothing is sent any more; what comes is thrown away.
        case lingering(alarm: Scheduled<Void>, bytesLeft: Int)
        case closed
    }

    /// A request that came and is not answered.
    private struct Exchange {
        let version: HTTPVersion
        /// What the client wishes.
        let keepsAlive: Bool
        /// Whether the client holds the body back until it hears that it is wanted.
        var awaitsInvitation: Bool
        var isComplete = false
        let isHead: Bool
    }

    private let manners: Manners
    private var state = State.open
    /// In the order in which they came; more than one where a client does not wait for answers.
    private var exchanges = CircularBuffer<Exchange>()
    /// What is said when all requests in front of something malformed are answered.
    private var refusal: APIError?
    private var isInputClosed = false
    private var isShuttingDown = false

    init(_ manners: Manners) { self.manners = manners }

    // MARK: What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch state {
        case .open, .answeringLast:
            note(part)
            context.fireChannelRead(data)
        case .flushing, .closed: break
        case .lingering:
            if case .body(let bytes) = part { discard(bytes, context) }
        }
    }

    private func discard(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .lingering(let alarm, let bytesLeft) = state else { return }
        state = .lingering(alarm: alarm, bytesLeft: bytesLeft - bytes.readableBytes)
        if bytesLeft < bytes.readableBytes { context.close(promise: nil) }
    }

    private func note(_ part: HTTPServerRequestPart) {
        switch part {
        case .head(let head):
            // The parser reads nothing behind a request for another protocol, such as that of `curl --http2`.
            let staysHTTP = !head.headers.contains(name: "Upgrade") && head.method != .CONNECT
            // A client of HTTP/1.0 takes the connection's end for the answer's.
            let keepsAlive = head.isKeepAlive && head.version == .http1_1 && staysHTTP
            let awaits =
                head.version == .http1_1
                && head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
            exchanges.append(
                Exchange(
                    version: head.version, keepsAlive: keepsAlive, awaitsInvitation: awaits,
                    isHead: head.method == .HEAD))
        case .body: noteOfLast { $0.awaitsInvitation = false }
        case .end: noteOfLast { $0.isComplete = true }
        }
    }

    private func noteOfLast(_ change: (inout Exchange) -> Void) {
        guard !exchanges.isEmpty else { return }
        change(&exchanges[exchanges.index(before: exchanges.endIndex)])
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Behind this handler nobody asks for more.
        if case .lingering = state { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { isInputClosed = true }
        if event is ChannelShouldQuiesceEvent { isShuttingDown = true }
        context.fireUserInboundEventTriggered(event)
        if case .lingering = state, isInputClosed || isShuttingDown { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .lingering(let alarm, _) = state { alarm.cancel() }
        state = .closed
        context.fireChannelInactive()
    }

    // MARK: What is no HTTP

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .dataReceivedInErrorState(_, let bytes)? = error as? ByteToMessageDecoderError {
            // The parser has given up and says so again for all that comes.
            return discard(bytes, context)
        }
        if refusal == nil, let answer = APIError(malformed: error) {
            refusal = answer
            // Nobody but this handler answers the request that broke off; its reader hears of the error.
            if let last = exchanges.last, !last.isComplete { exchanges.removeLast() }
            refuseIfDue(context)
        }
        context.fireErrorCaught(error)
    }

    private func refuseIfDue(_ context: ChannelHandlerContext) {
        guard case .open = state, exchanges.isEmpty, let refusal else { return }
        manners.logger.info(
            "no HTTP", metadata: ["status": "\(refusal.status.code)", "reason": "\(refusal.answer.message)"])
        let text = refusal.answer.json().line
        let status = HTTPResponseStatus(statusCode: refusal.status.code, reasonPhrase: refusal.status.reasonPhrase)
        let headers: HTTPHeaders = [
            "Content-Type": "application/json", "Content-Length": "\(text.utf8.count)", "Connection": "close",
        ]
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        finish(context, promise: nil)
    }

    // MARK: What goes

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch (unwrapOutboundIn(data), state) {
        case (_, .flushing), (_, .lingering), (_, .closed):
            promise?.fail(ChannelError.outputClosed)
        case (.head(let head), .open):
            context.write(wrapOutboundOut(.head(ended(head))), promise: promise)
        case (.end, .open):
            let isHead = exchanges.popFirst()?.isHead ?? false
            context.write(isHead ? nothing : data, promise: promise)
            refuseIfDue(context)
        case (.end, .answeringLast):
            finish(context, promise: promise)
        case (.head, .answeringLast):
            context.write(data, promise: promise)
        case (.body, _):
            context.write(exchanges.first?.isHead == true ? nothing : data, promise: promise)
        }
    }

    /// The end of the last answer, and what follows it.
    private func finish(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        state = .flushing
        let written = promise ?? context.eventLoop.makePromise()
        written.futureResult.assumeIsolated().whenComplete { _ in self.linger(context) }
        let isHead = exchanges.popFirst()?.isHead ?? false
        context.writeAndFlush(isHead ? nothing : wrapOutboundOut(.end(nil)), promise: written)
    }

    /// What stands for a body and for its end in the answer to HEAD, which has neither.
    private var nothing: NIOAny { wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))) }

    /// Send `100 Continue` to a client that waits for it.
    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is BodyWanted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        promise?.succeed()
        guard case .open = state, let exchange = exchanges.first, exchange.awaitsInvitation, !exchange.isComplete else {
            return
        }
        exchanges[exchanges.startIndex].awaitsInvitation = false
        let head = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    /// The head of an answer, which says whether it is the last.
    private func ended(_ head: HTTPResponseHead) -> HTTPResponseHead {
        guard let exchange = exchanges.first else { return head }
        var head = head
        // Without chunks for those who do not know them.
        if exchange.version != .http1_1 { head.version = .http1_0 }
        // Whoever is answered before the end of the request is told to stop.
        guard !exchange.isComplete || !exchange.keepsAlive || isShuttingDown else { return head }
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        state = .answeringLast
        return head
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch (state, mode) {
        case (.flushing, .output), (.lingering, .output): promise?.succeed()
        case (.lingering, .all) where !isShuttingDown: context.channel.closeFuture.cascade(to: promise)
        default: context.close(mode: mode, promise: promise)
        }
    }

    private func linger(_ context: ChannelHandlerContext) {
        guard case .flushing = state else { return }
        if isInputClosed || isShuttingDown { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        let alarm = context.eventLoop.assumeIsolated().scheduleTask(in: manners.time) { context.close(promise: nil) }
        state = .lingering(alarm: alarm, bytesLeft: manners.bytes)
        // Until here a reader that was full may have held reading up.
        context.read()
    }
}
