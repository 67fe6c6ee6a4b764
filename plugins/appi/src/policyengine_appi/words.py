"""Words by which a text is known to speak of something, in Japanese and English, where no declaration says it."""

from __future__ import annotations

import re
from typing import Final


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


CONSENT: Final = _any("同意", r"\bconsent")
BODY: Final = _any("生命", "身体", "財産", r"\blife\b", r"\blimb\b", r"\bbodily\b")
SUCCESSION: Final = _any("事業の承継", "事業承継", "合併", r"\bsuccession\b", r"\bmerger\b")
OBJECTION: Final = _any("異議", "停止", "拒否", "オプトアウト", r"\bobject", r"opt.?out", r"\brefus", r"^request$")
HARD_TO_GET: Final = _any("困難", r"\bhard to\b", r"\bdifficult")

VAGUE: Final = _any(
    "事業活動", "マーケティング", "業務の遂行", "(の|サービス|品質)(向上|改善)", "お客様のため",
    r"\bbusiness (activities|purposes)\b", r"\bmarketing\b", r"\bimprov(e|ing|ement)\b", r"\bbetter service\b",
)  # fmt: skip
"""Wordings that the guideline rejects, and their like: a purpose shall tell for what in the end (GL general 3-1-1)."""

PROFILING: Final = _any(
    "おすすめ", "お勧め", "推薦", "レコメンド", "一人ひとりに合わせ", "パーソナライズ", "嗜好", "興味・関心", "スコア",
    "格付", "与信", "プロファイ", "行動(履歴の)?分析", "閲覧者の調査", "視聴者の調査", "広告の選択", "ターゲティング",
    r"\brecommend", r"\bpersonali[sz]", r"\bscor(e|ing)\b", r"\bprofil", r"\baudience\b",
    r"\bselecting advert", r"\btarget",
)  # fmt: skip
"""Purposes that take an analysis of what people do (GL general 3-1-1, note 1)."""

REFERABLE: Final = _any(
    "クッキー", "Cookie", "端末", "広告識別", "閲覧履歴", "行動履歴", "位置情報", "IPアドレス",
    r"\bcookie", r"\bdevice\b", r"\badvertising identifier", r"\bbrowsing\b", r"\blocation\b", r"\bip address",
)  # fmt: skip
"""Items that can be about somebody of whom the controller does not know who it is (2(7), GL general 2-8)."""

CLASS_OF_PARTIES: Final = _any(
    "各社", "グループ会社", "関連会社", "関係会社", "子会社", "提携", "加盟", "パートナー", "代理店", "販売店", "等$",
    "など$", r"\bcompanies\b", r"\baffiliates?\b", r"\bsubsidiar", r"\bpartners?\b", r"\bagents?\b", r"\bdealers?\b",
    r"\bothers\b",
)  # fmt: skip
"""What parties are called that are several."""

SELECTION: Final = _any("選定", "審査", "適格", r"\bvet(ting|ted)?\b", r"\bselect", r"\bdue diligence\b")
WATCHING: Final = _any("監督", "点検", "監査", "把握", r"\bsupervis", r"\bcheck", r"\baudit", r"\bwatch")
RECORD: Final = _any("記録", r"\brecord")
AGE: Final = _any("年齢", "生年", "未成年", r"\bage\b", r"\bbirth", r"\bminor\b")
GUARDIAN: Final = _any("保護者", "法定代理人", "親権者", r"\bguardian", r"\bparent")
MEASURES: Final = _any("安全", "漏えい", "漏洩", "保護策", r"\bsafe", r"\bsecur", r"\bleaks?\b")
KEPT: Final = _any("保存期間", "保有期間", "保管期間", r"how long", r"\bretention\b", r"\bkept\b")
