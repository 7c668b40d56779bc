"""Hold the pictograms of BPMN 2.0 (chapters 10 and 13) as path data around the point 0,0.

Each stroke is (path data, role, width): "body" is filled with ink in throwing events, "seam" is a line that
turns white on such a body, "line" is never filled, "solid" always.
"""

from __future__ import annotations

import math

from lxml import etree

from engine.bpmn.drawing_svg import INK, PAPER, put

Stroke = tuple[str, str, float]


def _circle(radius: float, x: float = 0, y: float = 0) -> str:
    arc = f"a{radius:g},{radius:g} 0 1 0"
    return f"M{x - radius:g},{y:g}{arc} {2 * radius:g},0{arc} {-2 * radius:g},0z"


def _ticks() -> str:
    turns = [(math.sin(k * math.pi / 6), -math.cos(k * math.pi / 6)) for k in range(12)]
    return "".join(f"M{8 * x:.1f},{8 * y:.1f}L{9.5 * x:.1f},{9.5 * y:.1f}" for x, y in turns)


def _pentagon(radius: float) -> str:
    turns = [(math.sin(k * math.tau / 5), -math.cos(k * math.tau / 5)) for k in range(5)]
    return "M" + "L".join(f"{radius * x:.1f},{radius * y:.1f}" for x, y in turns) + "z"


def _gear(radius: float, x: float, y: float) -> str:
    """Return a cog wheel with eight teeth."""
    points = []
    for k in range(32):
        reach = radius if k % 4 in (0, 1) else radius * 0.74
        turn = (k - 0.5) * math.tau / 32
        points.append(f"{x + reach * math.sin(turn):.1f},{y - reach * math.cos(turn):.1f}")
    return "M" + "L".join(points) + "z" + _circle(radius * 0.34, x, y)


_ENVELOPE: tuple[Stroke, ...] = (("M-9,-6h18v12h-18z", "body", 1.3), ("M-9,-6l9,7l9,-7", "seam", 1.3))
_CROSS = (
    "M-8,-5.5l2.5,-2.5l5.5,5.5l5.5,-5.5l2.5,2.5l-5.5,5.5"
    "l5.5,5.5l-2.5,2.5l-5.5,-5.5l-5.5,5.5l-2.5,-2.5l5.5,-5.5z"
)
_HAND = (
    "M-9,-1.5l5,-5c1,-1 2,-1 3,-1h4c1.6,0 1.6,2.6 0,2.6h-3h8c1.6,0 1.6,2.8 0,2.8h-5h4.5"
    "c1.6,0 1.6,2.8 0,2.8h-4.5h3.5c1.5,0 1.5,2.7 0,2.7h-4h2.2c1.4,0 1.4,2.6 0,2.6h-9.7c-3,0 -4,-1 -5,-3z"
)
_PLUS = "M-7,-2.4h4.6v-4.6h4.8v4.6h4.6v4.8h-4.6v4.6h-4.8v-4.6h-4.6z"

EVENTS: dict[str, tuple[Stroke, ...]] = {
    "message": _ENVELOPE,
    "timer": ((_circle(9.5), "line", 1.3), (_ticks(), "line", 1.0), ("M0.8,-6.5L0,0l5,2", "line", 1.3)),
    "terminate": ((_circle(9.5), "solid", 1.0),),
    "signal": (("M0,-9l8.5,14h-17z", "body", 1.3),),
    "escalation": (("M0,-9.5l6.5,17l-6.5,-7l-6.5,7z", "body", 1.3),),
    "error": (("M-8,8l4,-15l6,8l6,-9l-4,15l-5.5,-7z", "body", 1.3),),
    "link": (("M-9,-4h10v-4.5l8.5,8.5l-8.5,8.5v-4.5h-10z", "body", 1.3),),
    "conditional": (
        ("M-7,-9h14v18h-14z", "line", 1.2),
        ("M-5,-6h10m-10,4h10m-10,4h10m-10,4h10", "line", 1.0),
    ),
    "compensate": (("M0,-6v12l-8,-6zM8,-6v12l-8,-6z", "body", 1.2),),
    "cancel": ((_CROSS, "body", 1.2),),
    "multiple": ((_pentagon(9), "body", 1.2),),
    "parallelMultiple": ((_PLUS, "body", 1.2),),
}

GATEWAYS: dict[str, tuple[Stroke, ...]] = {
    "parallelGateway": (("M-11,0h22M0,-11v22", "line", 4.5),),
    "exclusiveGateway": (("M-7.5,-9l15,18m0,-18l-15,18", "line", 4.0),),
    "inclusiveGateway": ((_circle(11), "line", 3.0),),
    "complexGateway": (("M-11,0h22M0,-11v22M-8,-8l16,16m0,-16l-16,16", "line", 3.0),),
    "eventBasedGateway": (
        (_circle(13), "line", 1.2),
        (_circle(10.5), "line", 1.2),
        (_pentagon(7.5), "line", 1.2),
    ),
    "eventBasedGateway.start": ((_circle(13), "line", 1.2), (_pentagon(8.5), "line", 1.2)),
    "eventBasedGateway.parallel": ((_circle(13), "line", 1.2), (_PLUS, "line", 1.2)),
}

TASKS: dict[str, tuple[Stroke, ...]] = {
    "userTask": ((_circle(4.2, 0, -4), "line", 1.2), ("M-8,9c0,-11 16,-11 16,0z", "line", 1.2)),
    "serviceTask": ((_gear(7, -2.5, -2.5), "paper", 1.1), (_gear(6, 4, 4), "paper", 1.1)),
    "scriptTask": (
        ("M-6,-9h12c-7,5 3,9 -3,18h-12c7,-6 -3,-10 3,-18z", "line", 1.2),
        ("M-4,-5h7m-6,3.5h7m-5,3.5h7m-7,3.5h7", "line", 1.0),
    ),
    "businessRuleTask": (
        ("M-9,-7h18v4h-18z", "solid", 1.0),
        ("M-9,-7h18v14h-18zM-9,2h18M-4,-3v10", "line", 1.2),
    ),
    "sendTask": _ENVELOPE,
    "receiveTask": _ENVELOPE,
    "manualTask": ((_HAND, "line", 1.1),),
}

MARKERS: dict[str, tuple[Stroke, ...]] = {
    "loop": (("M-2,5.6a6,6 0 1 1 4.5,-0.3m-4.5,0.3l-4.2,0.4m4.2,-0.4l-0.6,-4.2", "line", 1.4),),
    "parallel": (("M-4.5,-5.5v11M0,-5.5v11M4.5,-5.5v11", "line", 2.2),),
    "sequential": (("M-5.5,-4.5h11M-5.5,0h11M-5.5,4.5h11", "line", 2.2),),
    "compensation": (("M0,-5v10l-7,-5zM7,-5v10l-7,-5z", "line", 1.2),),
    "adhoc": (("M-7,2.5c2,-7 5,-5 7,-2.5c2,2.5 5,3.5 7,-2.5", "line", 2.2),),
    "collapsed": (("M-7,-7h14v14h-14z", "line", 1.2), ("M-4.5,0h9M0,-4.5v9", "line", 1.2)),
}

BADGES: dict[str, tuple[Stroke, ...]] = {
    "done": (("M-4,0.2l2.8,3l5.2,-6", "white", 2.0),),
    "current": (("M-2.6,-4.4l6.2,4.4l-6.2,4.4z", "white", 1.2),),
    "finding": (("M0,-4.8v5.6M0,3.6v1", "white", 2.2),),
}


def paint(
    parent: etree._Element,
    strokes: tuple[Stroke, ...],
    at: tuple[float, float],
    filled: bool = False,
    scale: float = 1.0,
) -> None:
    """Draw a pictogram around a point; `filled` is the throwing form."""
    grow = f" scale({scale:g})" if scale != 1.0 else ""
    group = put(parent, "g", transform=f"translate({at[0]:g} {at[1]:g}){grow}", class_="bv-symbol")
    for data, role, width in strokes:
        fill, line = _colours(role, filled)
        put(group, "path", d=data, fill=fill, stroke=line, stroke_width=width, stroke_linecap="round")


def _colours(role: str, filled: bool) -> tuple[str, str]:
    """Return fill and line colour of a stroke."""
    fixed = {"line": ("none", INK), "solid": (INK, INK), "white": ("none", PAPER), "paper": (PAPER, INK)}
    if role in fixed:
        return fixed[role]
    if role == "seam":
        return "none", PAPER if filled else INK
    return (INK, INK) if filled else ("none", INK)
