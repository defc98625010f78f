"""seeds.py TARGET FOLDER: writes the texts of tests, examples and error pages that TARGET may begin with."""

import hashlib
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
texts = set()
for page in (root / "docs/errors/codes").glob("*.md"):
    texts.update(re.findall(r"```ya?ml\n(.*?)```", page.read_text(), re.S))
for pattern in ("examples/**/*.yaml", "examples/**/*.json", "template.yaml", "bootstrap/*.yaml", "tests/**/*.template.json"):
    texts.update(path.read_text() for path in root.glob(pattern) if path.stat().st_size < 65536)
tests = {"config": "shared/config/tests", "template": "shared/template/tests"}[target]
for path in (root / tests).rglob("*.rs"):
    source = path.read_text()
    for raw in re.findall(r'r?(#+)"(.*?)"\1', source, re.S):
        texts.add(raw[1])
    for value in re.findall(r'check\w*\(\s*r?#*"(.*?)"#*,', source, re.S):
        if target == "template":
            texts.add(f"Resources:\n  Q: {{ Type: AWS::SQS::Queue }}\n  T: {{ Type: Custom::T, Properties: {{ ServiceToken: a, V: {value} }} }}\n")
for text in texts:
    (folder / hashlib.sha256(text.encode()).hexdigest()[:16]).write_text(text)
print(len(texts), "seeds")
