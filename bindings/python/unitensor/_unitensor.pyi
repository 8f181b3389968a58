# SPDX-License-Identifier: Apache-2.0
# The extension module that cffi makes of the C headers. Its names are those of the C API, and cffi types them at run time.
from typing import Any

ffi: Any
lib: Any
