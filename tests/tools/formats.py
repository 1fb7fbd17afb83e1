#!/usr/bin/env python3
"""Does everything in a directory follow the rules of its format, as others read them?

    formats.py SCHEMAS DIRECTORY     KIND[-..].json by SCHEMAS/KIND.schema.json, *.csv, *.tap, *.xml, *.html

JSON is held to its JSON Schema, in which no key may be missing here that afterkill writes; CSV to Python's
csv, strictly; TAP to Perl's TAP::Parser; XML and pages to xmllint. Prints what is wrong, and fails if anything is.
"""
import csv
import json
import pathlib
import subprocess
import sys

import jsonschema

SCHEMAS, DIRECTORY = (pathlib.Path(path).resolve() for path in sys.argv[1:3])


def closed(schema):
    """The schema, but keys that it does not know are a mistake: users may meet new ones, we may not."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    new = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("required"):
        new.setdefault("additionalProperties", False)
    return new


def loaded(path):
    return closed(json.loads(path.read_text()))


STORE = {path.as_uri(): loaded(path) for path in SCHEMAS.glob("*.schema.json")}


def check_json(path):
    schema_path = SCHEMAS / (path.name.split(".")[0].split("-")[0] + ".schema.json")
    schema = STORE[schema_path.as_uri()]
    jsonschema.Draft202012Validator.check_schema(schema)
    resolver = jsonschema.RefResolver(schema_path.as_uri(), schema, store=STORE)
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver)
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        yield str(error)
        return
    for error in validator.iter_errors(document):
        best = jsonschema.exceptions.best_match([error])
        yield "/".join(map(str, best.absolute_path)) + ": " + best.message[:300]


def check_csv(path):
    text = path.read_bytes().decode()
    rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    if text.count("\n") != text.count("\r\n"):
        yield "a line does not end in CR LF"
    if len(rows) < 2 or len(set(rows[0])) != len(rows[0]):
        yield "no rows, or a field twice"
    for row in rows:
        if len(row) != len(rows[0]):
            yield f"{len(row)} fields in place of {len(rows[0])}: {row}"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def check_tap(path):
    script = (
        "use TAP::Parser; my $p = TAP::Parser->new({ tap => do { local $/; <STDIN> } });"
        " $p->run; print join('; ', $p->parse_errors);"
    )
    with path.open() as tap:
        done = subprocess.run(["perl", "-e", script], stdin=tap, capture_output=True, text=True, check=False)
    if done.returncode or done.stdout:
        yield done.stdout + done.stderr


def check_xml(path):
    schema = SCHEMAS.parent.parent / "tests" / "schemas" / "junit.xsd"
    status, said = run("xmllint", "--noout", "--nonet", "--schema", str(schema), str(path))
    if status:
        yield said


def check_html(path):
    status, said = run("xmllint", "--noout", "--nonet", str(path))
    if status:
        yield said


CHECKS = {".json": check_json, ".csv": check_csv, ".tap": check_tap, ".xml": check_xml, ".html": check_html}


def main():
    checked, wrong = 0, 0
    for path in sorted(DIRECTORY.iterdir()):
        if path.suffix in CHECKS:
            checked += 1
            for complaint in CHECKS[path.suffix](path):
                wrong += 1
                print(f"{path.name}: {complaint}")
    print(f"{checked} documents, {wrong} mistakes")
    return 1 if wrong or not checked else 0


sys.exit(main())
