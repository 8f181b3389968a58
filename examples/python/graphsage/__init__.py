# SPDX-License-Identifier: Apache-2.0
"""GraphSAGE whose features and topology live in unified tensors; `python -m graphsage --help`."""
