"""Functional Qwen2-VL, its losses, the pretraining of the tiny policy and the export of its ONNX graphs."""
