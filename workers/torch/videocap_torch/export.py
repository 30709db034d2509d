"""Traces the graphs of the policy, gradients included: `python -m videocap_torch.export [--model DIR] [--only NAME
...]`.

The exporter cannot trace `torch.func.grad` itself, so `make_fx` first turns forward and backward into core ATen
operations with symbolic shapes; the result is an ordinary program. Weights are inputs of every graph, so the graphs
serve any weights of these dimensions.
"""

import argparse
import json
import logging
import time
import warnings
from dataclasses import asdict
from pathlib import Path

import onnx
import torch
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

from .config import TINY, Dims, read_dims
from .graphs import Graph, all_graphs
from .params import fresh_parameters

OPSET = 20


def export_graph(graph: Graph, folder: Path) -> Path:
    """Writes `<name>.onnx`, checked and without the tracer's notes."""
    arguments = tuple(graph.inputs.values())
    traced = make_fx(graph.run, decomposition_table=core_aten_decompositions(), tracing_mode="symbolic")(*arguments)
    traced.eval()
    with torch.no_grad():
        program = torch.onnx.export(
            traced,
            arguments,
            dynamo=True,
            optimize=True,
            opset_version=OPSET,
            verbose=False,
            dynamic_shapes=tuple(dict.fromkeys(graph.dims.get(n, {}), torch.export.Dim.DYNAMIC) for n in graph.inputs),
            input_names=list(graph.inputs),
            output_names=graph.outputs,
        )
    path = folder / file_of(graph)
    model = program.model_proto
    _strip(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def describe_graphs(dims: Dims, graphs: list[Graph]) -> dict:
    """What an engine has to know: the parameters in order; of every graph its file, the loss whose gradients it
    computes, and the names of inputs and outputs that do not belong to one parameter (those are `<parameter>` or
    `<kind>.<parameter>`).
    """
    parameters = fresh_parameters(dims)
    own = lambda names: [n for n in names if not {n, n.partition(".")[2]} & parameters.keys()]  # noqa: E731
    return {
        "opset": OPSET,
        "dims": asdict(dims),
        "parameters": [{"name": name, "shape": list(value.shape)} for name, value in parameters.items()],
        "graphs": {
            graph.name: {
                "file": file_of(graph),
                **({"loss": graph.loss} if graph.loss else {}),
                "inputs": own(graph.inputs),
                "outputs": own(graph.outputs),
            }
            for graph in graphs
        },
    }


def file_of(graph: Graph) -> str:
    return f"{graph.name}.onnx"


def _strip(model: onnx.ModelProto) -> None:
    model.ClearField("metadata_props")
    for functions in (model.graph, *model.functions):
        functions.ClearField("metadata_props")
        for node in functions.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")
    model.graph.ClearField("value_info")
    model.graph.ClearField("doc_string")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=TINY)
    parser.add_argument("--only", nargs="*", help="names of graphs")
    options = parser.parse_args()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    dims = read_dims(options.model)
    folder = options.model / "onnx"
    folder.mkdir(exist_ok=True)
    graphs = all_graphs(fresh_parameters(dims), dims)
    (folder / "graphs.json").write_text(json.dumps(describe_graphs(dims, graphs), indent=1) + "\n")
    for graph in graphs:
        if options.only and graph.name not in options.only:
            continue
        began = time.monotonic()
        path = export_graph(graph, folder)
        size, nodes = path.stat().st_size / 1e6, len(onnx.load(path).graph.node)
        print(f"{path.name}: {size:.2f} MB, {nodes} nodes, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
