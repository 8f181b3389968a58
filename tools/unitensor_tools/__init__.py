# SPDX-License-Identifier: Apache-2.0
"""The `unitensor` command: what this machine offers, and how fast it is."""
