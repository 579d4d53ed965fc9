"""Asks a service by NVIDIA's client for Python (pip install "tritonclient[http]"), which knows nothing of Outglow: HOST:PORT MODEL, images as JSON on
stdin ({"pixels": [n, C, H, W], "files": [base64]}). Prints what it got, as JSON."""

import base64
import json
import sys

import numpy
import tritonclient.http as client
from tritonclient.utils import InferenceServerException

address, model = sys.argv[1:]
given = json.load(sys.stdin)
pixels = numpy.array(given["pixels"], dtype=numpy.uint8)
files = numpy.array([base64.b64decode(file) for file in given["files"]], dtype=numpy.object_)
server = client.InferenceServerClient(url=address, concurrency=4)


def tensor(array, datatype, binary):
    one = client.InferInput("images", array.shape, datatype)
    one.set_data_from_numpy(array, binary_data=binary)
    return one


def infer(array, datatype, binary_in, binary_out, **more):
    names = ["score", "p_value", "anomalous"]
    outputs = [client.InferRequestedOutput(name, binary_data=binary_out) for name in names]
    result = server.infer(model, [tensor(array, datatype, binary_in)], outputs=outputs, request_id="7", **more)
    assert result.get_response()["id"] == "7"
    return {name: result.as_numpy(name).tolist() for name in names}


metadata = server.get_model_metadata(model)
version = metadata["versions"][0]
found = {
    "live": server.is_server_live(),
    "ready": server.is_server_ready(),
    "modelReady": server.is_model_ready(model),
    "versionReady": server.is_model_ready(model, model_version=version),
    "server": server.get_server_metadata()["name"],
    "inputs": metadata["inputs"],
    "answers": {
        "UINT8 binary": infer(pixels, "UINT8", True, True),
        "UINT8 binary, a version": infer(pixels, "UINT8", True, True, model_version=version),
        "UINT8 JSON": infer(pixels, "UINT8", False, False),
        "UINT8 binary, answered in JSON": infer(pixels, "UINT8", True, False),
        "FP32 binary": infer(pixels.astype(numpy.float32), "FP32", True, True),
        "BYTES binary": infer(files, "BYTES", True, True),
    },
}
several = [server.async_infer(model, [tensor(pixels, "UINT8", True)]) for _ in range(8)]
last = [one.get_result() for one in several][-1]
found["answers"]["eight at a time"] = {name: last.as_numpy(name).tolist() for name in ["score", "p_value", "anomalous"]}
try:
    infer(pixels[:, :, :-1], "UINT8", True, True)
except InferenceServerException as error:
    found["refusal"] = str(error)
try:
    server.get_model_metadata("none")
except InferenceServerException as error:
    found["unknown"] = str(error)
print(json.dumps(found))
