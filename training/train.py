#!/usr/bin/env python3
"""Trains a network of restore with PyTorch; README.md says how."""

import sys

from restore_training.main import main

sys.exit(main())
