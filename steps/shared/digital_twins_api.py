"""The Digital Twins API in Entra ID: its application and its delegated permission. Pure."""

from __future__ import annotations

DIGITAL_TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
"""The API's application id, the same in every tenant of the public cloud."""
READ_WRITE = "4589bd03-58cb-4e6c-b17f-b580e39652f8"
"""The id of its delegated permission `Read.Write`."""
READ_WRITE_SCOPE = "Read.Write"
"""The permission's value, as tokens and grants name it."""
