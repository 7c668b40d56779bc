"""Read, check and draw BPMN 2.0 files with the `zeebe:` extensions; knows nothing of how they are run.

loading (bytes → safe tree) → reading (tree → model) → checking (model → findings); drawing (tree → SVG).
"""
