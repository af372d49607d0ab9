import Batches
import Hummingbird
import HummingbirdCore
import Parterre

/// `GET /metrics`: Prometheus' text format, under vLLM's names where they mean the same.
struct MetricsFeature: Feature {
    let core: ServerCore
    let batches: BatchStore?

    func addRoutes(to routes: Routes) {
        (core.options.opensMetrics ? routes.open : routes.guarded).get("metrics") { _, _ in
            let model = try core.host.model()
            var text = PrometheusText(labels: [(MetricName.modelLabel, model.name)])
            text.append(await model.engine.status())
            text.append(core.gate)
            text.append(core.bodies)
            if let batches { text.append(batches.load) }
            var process = PrometheusText(labels: [])
            process.append(ProcessFigures())
            return Response(text: text.text + process.text, type: PrometheusText.contentType)
        }
    }
}
