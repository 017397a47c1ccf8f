"""Appropriation: budgets arrive; members pay for the umbrella and into the common fund.

Overhead and negotiation are the cost of coordination; budgets may respond to what a donor can account for (donors who
give less when they lose visibility: assumption, off by default).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.design import BUDGET_FACTOR_HIGHEST, BUDGET_FACTOR_LOWEST
from donorlab.sim.mechanisms.membership import decide
from donorlab.sim.scenario import FloatArray

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


def _close_year(model: CoordinationModel) -> None:
    """Close last year's account; donors that may decide on membership; set this year's income of members."""
    model.accounts.append(model.state.account.copy())
    decide(model)
    model.state.account[:] = 0.0
    if model.expected_accounts is not None:
        _respond(model, model.accounts[-1], model.expected_accounts[(model.quarter - 1) // 4 - 1])


def _respond(model: CoordinationModel, own: FloatArray, before: FloatArray) -> None:
    """Set this year's income of members by what they accounted for last year and by what they would have apart, both (D,)."""
    design = model.design
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(before > 0, own / before - 1.0, 0.0)
    factor = np.clip(1.0 + design.budget_elasticity * change, BUDGET_FACTOR_LOWEST, BUDGET_FACTOR_HIGHEST)
    model.income = np.where(model.present, model.giving.budget / 4.0 * np.where(design.member, factor, 1.0), 0.0)


def appropriate(model: CoordinationModel) -> None:
    """Let a quarter of the year's budgets arrive; members pay overhead, negotiation and pool share out of it."""
    state = model.state
    if model.accounting and model.quarter % 4 == 1 and model.quarter > 1:
        _close_year(model)
    income, design = model.income, model.design
    state.appropriated += income
    if not design.member.any():
        state.cash += income
        return
    paying = np.where(design.member, income, 0.0)
    state.under_umbrella += paying
    overhead = design.overhead * paying
    left = paying - overhead
    pairs = int((paying > 0).sum())
    total = pairs * (pairs - 1) / 2 * design.negotiation_cost / 4.0
    if total > 0:
        negotiation = np.minimum(left, total * paying / paying.sum())
        overhead = overhead + negotiation
        left = left - negotiation
    state.overhead_paid += overhead
    if design.pool >= 0:
        pooled = design.pool_share * left
        state.pool_paid += pooled
        left = left - pooled
        left[design.pool] += pooled.sum()
    state.cash += np.where(design.member, left, income)
