# SPDX-License-Identifier: Apache-2.0
"""What the demo tells: tables for people, a JSON file for programs, and a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: E402
from matplotlib.ticker import MaxNLocator  # noqa: E402

from .comparison import Comparison  # noqa: E402
from .training import Outcome  # noqa: E402

_OURS, _PLAIN, _OTHER, _INK = "#1f6feb", "#e8833a", "#9aa5b1", "#24292f"
# The order in which the activities are listed; each with who does it.
_ACTIVITIES = {
    "reading the data": "",
    "sampling": "unitensor",
    "gathering": "unitensor",
    "training": "PyTorch",
    "evaluation": "PyTorch",
    "baselines": "PyTorch",
    "comparison": "both",
}


def accuracy_table(outcome: Outcome, baselines: dict[str, float]) -> str:
    entries = [*baselines.items(), ("GraphSAGE", outcome.test_accuracy)]
    width = max(len(name) for name, _ in entries)
    lines = ["accuracy on the test part"]
    lines += [f"  {name:<{width}}  {accuracy:6.1%}" for name, accuracy in entries]
    return "\n".join(lines)


def time_table(seconds: dict[str, float], total: float) -> str:
    lines = [f"{'where the time went':<32}{'seconds':>9}{'share':>8}"]
    for activity, who in _ACTIVITIES.items():
        if activity in seconds:
            name = f"{activity} ({who})" if who else activity
            lines.append(f"  {name:<30}{seconds[activity]:>9.2f}{seconds[activity] / total:>8.1%}")
    rest = total - sum(seconds.values())
    lines.append(f"  {'everything else':<30}{rest:>9.2f}{rest / total:>8.1%}")
    lines.append(f"  {'total':<30}{total:>9.2f}{1:>8.1%}")
    return "\n".join(lines)


def comparison_table(comparison: Comparison) -> str:
    title = f"one epoch, {comparison.batches} batches"
    lines = [f"{title:<32}{'unitensor':>12}{'plain PyTorch':>15}{'speed-up':>10}"]
    for name, ours, plain in _comparison_rows(comparison):
        lines.append(f"  {name:<30}{1e3 * ours:>9.1f} ms{1e3 * plain:>12.1f} ms{plain / ours:>9.1f}x")
    return "\n".join(lines)


def _comparison_rows(comparison: Comparison) -> list[tuple[str, float, float]]:
    rows = [(name, comparison.unitensor[name], comparison.plain[name]) for name in ("sampling", "gathering")]
    return [*rows, ("both", sum(row[1] for row in rows), sum(row[2] for row in rows))]


def write_json(path: Path, outcome: Outcome, baselines: dict[str, float], seconds: dict[str, float], total: float,
               comparison: Comparison, picture: Path, details: dict[str, Any]) -> None:
    result = {
        "test_accuracy": outcome.test_accuracy,
        "validation_accuracy": max(outcome.validation_accuracy),
        "seconds": total,
        "picture": str(picture.resolve()),
        "baselines": baselines,
        "time": {
            **seconds,
            "one_epoch": {"batches": comparison.batches, "unitensor": comparison.unitensor,
                          "plain_pytorch": comparison.plain, "plain_pytorch_threads": comparison.plain_threads},
        },
        "learning_curve": {"train": outcome.train_accuracy, "validation": outcome.validation_accuracy},
        **details,
    }
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def draw(path: Path, title: str, outcome: Outcome, baselines: dict[str, float], seconds: dict[str, float],
         comparison: Comparison) -> None:
    """The learning curve, where the time went, and the comparison, side by side."""
    plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False,
                         "axes.edgecolor": _INK, "text.color": _INK, "axes.labelcolor": _INK,
                         "xtick.color": _INK, "ytick.color": _INK})
    figure, (curve, where, against) = plt.subplots(1, 3, figsize=(16, 4.8), width_ratios=(1.3, 1, 1),
                                                   layout=ConstrainedLayoutEngine(wspace=0.05))
    figure.suptitle(title, fontsize=13, fontweight="bold")
    _draw_learning_curve(curve, outcome, baselines)
    _draw_time(where, seconds)
    _draw_comparison(against, comparison)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _draw_learning_curve(axes: Axes, outcome: Outcome, baselines: dict[str, float]) -> None:
    epochs = range(1, len(outcome.validation_accuracy) + 1)
    axes.plot(epochs, outcome.train_accuracy, color=_OTHER, marker=".", label="training (with dropout)")
    axes.plot(epochs, outcome.validation_accuracy, color=_OURS, marker="o", markersize=4, label="validation")
    axes.plot([outcome.best_epoch + 1], [outcome.test_accuracy], color=_OURS, marker="*", markersize=14,
              linestyle="none", markeredgecolor="white", label=f"test: {outcome.test_accuracy:.1%}")
    for name, accuracy in baselines.items():
        axes.axhline(accuracy, color=_OTHER, linewidth=1, linestyle=":")
        label = name.replace(", ", ",\n") + f": {accuracy:.1%}"
        axes.annotate(label, (1.01, accuracy), xycoords=("axes fraction", "data"), va="center", fontsize=9,
                      color="#57606a")
    axes.set(title="Learning curve", xlabel="epoch", ylabel="accuracy", ylim=(0, 1.04))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="lower right", frameon=False, bbox_to_anchor=(1, 0.16))


def _draw_time(axes: Axes, seconds: dict[str, float]) -> None:
    names = [name for name in _ACTIVITIES if name in seconds]
    labels = [f"{name}\n({_ACTIVITIES[name]})" if _ACTIVITIES[name] else name for name in names]
    values = [seconds[name] for name in names]
    colours = [_OURS if _ACTIVITIES[name] == "unitensor" else _OTHER for name in names]
    bars = axes.barh(labels, values, color=colours, height=0.65)
    axes.bar_label(bars, [f"{value:.1f} s" for value in values], padding=3, fontsize=9)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.margins(x=0.18)
    axes.set(title="Where the time went", xlabel="seconds")


def _draw_comparison(axes: Axes, comparison: Comparison) -> None:
    rows = _comparison_rows(comparison)
    for number, (name, ours, plain) in enumerate(rows):
        for offset, value, colour in ((-0.19, ours, _OURS), (0.19, plain, _PLAIN)):
            bars = axes.bar([number + offset], [1e3 * value], width=0.36, color=colour)
            axes.bar_label(bars, [f"{1e3 * value:.0f}"], padding=2, fontsize=9)
        label = f"{name}\n{plain / ours:.1f} times as fast"
        axes.text(number, -0.02, label, transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=9)
    axes.set_xticks([])
    axes.set_ylim(0, 1.35e3 * max(max(ours, plain) for _, ours, plain in rows))
    axes.set(title=f"Batches of one epoch ({comparison.batches})", ylabel="milliseconds")
    axes.legend(handles=[plt.Rectangle((0, 0), 1, 1, color=_OURS, label="unitensor"),
                         plt.Rectangle((0, 0), 1, 1, color=_PLAIN, label="plain vectorised PyTorch")],
                loc="upper left", frameon=False)
