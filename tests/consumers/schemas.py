#!/usr/bin/env python3
"""Holds a JUnit and a SARIF report against their schemas: schemas.py XSD JUNIT SARIF-SCHEMA SARIF"""

import json
import sys

import jsonschema
from lxml import etree

xsd, junit, sarif_schema, sarif = sys.argv[1:]
bad = 0

schema = etree.XMLSchema(etree.parse(xsd))
if schema.validate(etree.parse(junit)):
    print(f"{junit}: valid")
else:
    bad += 1
    for error in schema.error_log:
        print(f"{junit}:{error.line}: {error.message}")

with open(sarif_schema) as file:
    rules = json.load(file)
with open(sarif) as file:
    log = json.load(file)
errors = list(jsonschema.validators.validator_for(rules)(rules).iter_errors(log))
for error in errors:
    print(f"{sarif}: {error.json_path}: {error.message}")
if errors:
    bad += 1
else:
    print(f"{sarif}: valid")

sys.exit(bad)
