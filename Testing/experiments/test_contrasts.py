"""The rendered conditions: repeatable, of the truth's geometry, and told in one table."""

from inference.conftest import *  # noqa: F403
