"""The description on the standard input, held against OpenAPI's own schema of descriptions and the rules beside it."""

import json
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

for error in OpenAPIV31SpecValidator(json.load(sys.stdin)).iter_errors():
    print(error.message[:300], list(error.absolute_path)[:8])
