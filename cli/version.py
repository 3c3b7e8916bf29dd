"""The version: it stands here and nowhere else."""

VERSION = "0.2.0"
