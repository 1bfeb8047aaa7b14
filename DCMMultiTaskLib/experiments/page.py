"""The page that sets what was measured beside the paper, with its tables and figures as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt

from DCMMultiTaskLib.experiments import TUNING, tabulate
from DCMMultiTaskLib.experiments.claims import Claim, all_claims
from DCMMultiTaskLib.experiments.cross_validation import EXAMPLES
from DCMMultiTaskLib.experiments.examples import cam_spread, draw_maps, draw_masks, middle_slices, ranked_slices
from DCMMultiTaskLib.experiments.figures.comparison import draw_dsc_boxes
from DCMMultiTaskLib.experiments.figures.network_drawing import draw_network
from DCMMultiTaskLib.experiments.figures.plots import draw_loss_weight, draw_psnr
from DCMMultiTaskLib.experiments.ledger import write_ledger
from DCMMultiTaskLib.experiments.material import Material
from DCMMultiTaskLib.experiments.plan import Plan
from DCMMultiTaskLib.experiments.predictions import write_examples
from DCMMultiTaskLib.experiments.protocol import ALPHAS, OURS_AT_OWN_ALPHA, PAPER, SEGMENTATION, TABLE_2
from DCMMultiTaskLib.experiments.results import Result, on_common_folds
from DCMMultiTaskLib.networks.config import preset
from DCMMultiTaskLib.report.tables import markdown, write_csv
from DCMMultiTaskLib.storage import write_text

PAGE, HTML = "README.md", "index.html"
TEMPLATES = Path(__file__).parent
# Names in the template; the files have hyphens.
TABLES = (
    *("table_2", "table_2_more", "differences", "table_3", "table_3_more", "confusion"),
    *("single_task", "loss_weight", "ablation", "own_ablation"),
)


def write_page(plan: Plan) -> Path:
    """Measure what is finished and write tables (CSV, Markdown), figures (PNG) and the page (Markdown, HTML).

    Returns:
        The page's HTML file.

    Raises:
        InputError: No training is finished, or the folder holds the results of another plan.
    """
    material = Material.gather(plan)
    out = plan.directory
    context: dict[str, Any] = {
        "title": "Luo et al. 2020, reproduced",
        "protocol": material.protocol(),
        "unfinished": material.unfinished(),
        "figures": _figures(material, out),
        "claims": _claims(material, out),
        "psnr_printed": f"{material.truth.psnr_printed.min():.1f} and {material.truth.psnr_printed.max():.1f}",
        "empty": tabulate.empty_folds(material.networks.values()),
        "ablation_patients": f"{len(plan.tuning_patients)} patients",
        **_tables(material, out),
        **_how_made(material, out),
    }
    page = _render("page.md.j2", context)
    body = MarkdownIt("gfm-like", {"linkify": False}).render(page)
    html = _render("page.html.j2", {"title": context["title"], "body": body})
    for name, text in ((PAGE, page), (HTML, html)):
        write_text(out / name, text)
    return out / HTML


def _render(template: str, context: Mapping[str, Any]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(context)


def _tables(material: Material, out: Path) -> dict[str, str]:
    """Each table as a CSV, and as Markdown for the page; empty where there is nothing to show."""
    networks, estimates = material.networks, material.estimates.get("tables", {})
    tables: dict[str, tabulate.Table] = {}
    if networks:
        tables["differences"] = tabulate.differences(networks, material.cavity_mm2)
    if any(r.draws_masks for r in networks.values()):
        tables["table_2"] = tabulate.table_2(networks, estimates)
        tables["table_2_more"] = tabulate.more_of_masks(networks, estimates)
    classifiers = [r for r in networks.values() if r.classifies]
    if classifiers:
        baseline = tabulate.baseline_estimates(classifiers[0], material.cavity_mm2)
        tables["table_3"] = tabulate.table_3(networks, estimates, baseline)
        tables["table_3_more"] = tabulate.more_of_classes(networks, estimates, baseline)
        tables["confusion"] = tabulate.confusion_table(networks)
    single = material.by_part.get("single-task", [])
    if single and material.paper:
        both = on_common_folds([material.paper, *single])
        if both:
            tables["single_task"] = _compared(material, both, {r.key: r.estimates() for r in both}, PAPER)
    variants = {
        "loss-weights": ("loss_weight", PAPER),
        "ablation": ("ablation", PAPER),
        "own-ablation": ("own_ablation", OURS_AT_OWN_ALPHA),
    }
    for part, (name, base) in variants.items():
        results = material.by_part.get(part, [])
        if len(results) > 1:
            tables[name] = _compared(material, results, material.estimates[part], base, sizes=part in TUNING)
    shown = dict.fromkeys(TABLES, "")
    for name, (head, rows) in tables.items():
        shown[name] = markdown(head, rows)
        write_csv(out / f"{name.replace('_', '-')}.csv", head, rows)
        write_text(out / f"{name.replace('_', '-')}.md", shown[name] + "\n")
    return shown


def _compared(
    material: Material, results: Sequence[Result], estimates: tabulate.Estimates, base: str, *, sizes: bool = True
) -> tabulate.Table:
    baseline = tabulate.baseline_estimates(results[0], material.cavity_mm2)
    return tabulate.compare(results, estimates, base, baseline, sizes=sizes)


def _figures(material: Material, out: Path) -> dict[str, str]:
    """Draw what can be drawn; file names by figure, empty where there is none."""
    drawn = {
        "network": "figure-4-network.png",
        "psnr": "figure-7-psnr.png",
        "loss_weight": "",
        "boxes": "",
        "segmentations": "",
        "activation": "",
    }
    draw_network(preset(PAPER), out / drawn["network"])
    draw_psnr(material.truth.psnr, material.slices.dcm == 1, out / drawn["psnr"])
    networks = material.networks
    masks = {r.title: r for r in tabulate.order(networks, SEGMENTATION, "draws_masks")}
    if masks:
        drawn["boxes"] = "figure-6-dsc.png"
        paper = {r.title: TABLE_2[r.key]["dsc"] for r in masks.values() if r.key in TABLE_2}
        draw_dsc_boxes({title: r.fold_means() for title, r in masks.items()}, out / drawn["boxes"], paper=paper)
    if material.paper and PAPER in networks:
        whole = {r.key: r for r in material.finished["tables"]}
        folds = {title: there for title, r in masks.items() if (there := material.folds(whole[r.key])).places}
        if folds:
            shown = {fold: own for there in folds.values() for fold, own in there.shown().items()}
            write_examples(shown, out / EXAMPLES)
        seen = set.intersection(*(set(there.places) for there in folds.values())) if folds else set()
        chosen = [c for c in middle_slices(material.paper, material.plan.patients) if c[1] in seen]
        if chosen:
            drawn["segmentations"] = "figure-8-masks.png"
            draw_masks(folds, chosen, material.slices, out / drawn["segmentations"])
        maps = folds.get(material.paper.title)
        ranked = ranked_slices(material.paper)
        if maps and all(place in maps.places for _, place in ranked):
            drawn["activation"] = "figure-9-activation.png"
            draw_maps(maps, ranked, material.slices, out / drawn["activation"])
    sweep = _sweep(material)
    if len(sweep) > 1:
        drawn["loss_weight"] = "figure-5-loss-weight.png"
        estimates = [material.estimates["loss-weights"][r.key] for _, r in sweep]
        count = len(sweep[0][1].records)
        draw_loss_weight(
            [alpha for alpha, _ in sweep],
            {name: [e[name.lower()] for e in estimates] for name in ("DSC", "JSC")},
            {name: [e[name.lower()] for e in estimates] for name in ("AUC", "accuracy")},
            out / drawn["loss_weight"],
            folds=f"{count} folds" if count == material.plan.folds else f"{count} of {material.plan.folds} folds",
        )
    return drawn


def _how_made(material: Material, out: Path) -> dict[str, str]:
    """Write the tables of trainings and slices, and say what was trained, with what and on what."""
    trainings = write_ledger(material.finished, out)
    patients = material.plan.patients

    def all_of(name: str, between: str) -> str:
        return between.join(sorted({getattr(t, name) for t in trainings} - {""}))

    hours = sum(t.training_seconds for t in trainings) / 3600
    made = (
        f"{len(trainings)} trainings, {hours:.1f} hours of training in all, on {all_of('machine', '; ')}; "
        f"precision {all_of('precision', ', ')}; code {all_of('commit', ', ') or 'of no commit'}."
    )
    where = (
        f"The experiments of Luo et al. 2020 on {len(patients)} patients ({sum(p.dcm for p in patients)} positive), "
        f"{len(material.slices.dcm)} slices."
    )
    return {"made": made, "where": where, "command": all_of("command", "\n")}


def _sweep(material: Material) -> list[tuple[float, Result]]:
    """Alpha and result of Fig. 5."""
    by_alpha = {r.records[0]["settings"]["alpha"]: r for r in material.by_part.get("loss-weights", [])}
    return [(alpha, by_alpha[alpha]) for alpha in ALPHAS if alpha in by_alpha]


def _claims(material: Material, out: Path) -> str:
    spread = cam_spread(material.paper) if material.paper else None
    results = material.results("single-task", "tables")
    claims: list[Claim] = all_claims(results, _sweep(material), material.truth, spread)
    head, rows = ["the paper", "here", ""], [[c.printed, c.here, c.verdict] for c in claims]
    write_csv(out / "claims.csv", ["paper", "here", "verdict"], rows)
    return markdown(head, rows)
