package import Forms
package import HTTPTypes
package import HummingbirdCore
import NIOCore

extension Response {
    /// A JSON value as the whole body.
    package init(_ status: HTTPResponse.Status = .ok, json: JSON, headers: HTTPFields = [:]) {
        self.init(status, text: json.line, type: "application/json", headers: headers)
    }

    package init(_ status: HTTPResponse.Status = .ok, text: String, type: String, headers: HTTPFields = [:]) {
        var headers = headers
        headers[.contentType] = type
        self.init(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    package init(_ error: APIError) {
        self.init(error.status, json: error.answer.json(), headers: error.headers)
    }
}
