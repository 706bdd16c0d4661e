"""Trains the networks of restore with PyTorch, on a CPU or on GPUs.

It meets the Go program in files and pipes alone: a model file says what the
network is (docs/model-format.md), `restore pairs` makes what it learns from
(docs/training.md), and what it writes are a model file and a checkpoint that
the Go program reads.
"""
