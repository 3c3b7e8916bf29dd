"""What the tool costs beyond what Azure itself takes: `python3 -m bench`, figures in docs/performance.md."""
