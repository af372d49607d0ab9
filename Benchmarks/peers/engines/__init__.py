"""The drivers, by the engine's name, and the virtual environment that each lives in."""

DRIVERS = {
    "parterre": "peers.engines.parterre:Parterre",
    "transformers": "peers.engines.transformers:Transformers",
    "ctranslate2": "peers.engines.ctranslate2:CTranslate2",
    "openvino": "peers.engines.openvino:OpenVINO",
    "vllm": "peers.engines.vllm:VLLM",
    "llama.cpp": "peers.engines.llama_cpp:LlamaCpp",
}

ENVIRONMENTS = {
    "parterre": "base",
    "transformers": "base",
    "ctranslate2": "base",
    "openvino": "openvino",
    "vllm": "vllm",
    "llama.cpp": "llamacpp",
}
