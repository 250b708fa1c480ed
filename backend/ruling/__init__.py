"""What Tend looks for by itself: conditions, tried in the shadow, measured, alarmed."""

from backend.ruling.alarming import watch_rules
from backend.ruling.applying import apply_rules
from backend.ruling.back_testing import (
    back_test,
    back_test_rule,
    cancel_back_test,
    fail_back_test,
    go_on_with_back_test,
)
from backend.ruling.banking import Known, bank_hashes, create_hash_bank
from backend.ruling.forgetting import forget_findings
from backend.ruling.likening import likeness, shingles, sketch
from backend.ruling.links import links_of
from backend.ruling.measuring import RECORD
from backend.ruling.models import (
    BackTest,
    BankedHash,
    HashBank,
    Media,
    PostTag,
    Rule,
    RuleFiring,
    Ruleset,
    RuleVersion,
)
from backend.ruling.noting_media import Medium, note_media
from backend.ruling.turning import (
    RuleUnproven,
    archive_rule,
    make_rule_live,
    pause_rule,
    set_rule_target,
    shadow_rule,
)
from backend.ruling.writing import create_rule, revise_rule, write_rule

__all__ = [
    "RECORD",
    "BackTest",
    "BankedHash",
    "HashBank",
    "Known",
    "Media",
    "Medium",
    "PostTag",
    "Rule",
    "RuleFiring",
    "RuleUnproven",
    "RuleVersion",
    "Ruleset",
    "apply_rules",
    "archive_rule",
    "back_test",
    "back_test_rule",
    "bank_hashes",
    "cancel_back_test",
    "create_hash_bank",
    "create_rule",
    "fail_back_test",
    "forget_findings",
    "go_on_with_back_test",
    "likeness",
    "links_of",
    "make_rule_live",
    "note_media",
    "pause_rule",
    "revise_rule",
    "set_rule_target",
    "shadow_rule",
    "shingles",
    "sketch",
    "watch_rules",
    "write_rule",
]
