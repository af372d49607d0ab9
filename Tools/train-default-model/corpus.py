"""Turns the raw text files into clean, cased, readable stories.

Three sources, each with its own reader:

* ``storybooks-en.txt``: illustrated storybooks in plain words, one story between ``<|end|>`` lines, lines wrapped as on the page.
* ``tinystories.txt``: very simple stories, lower case; sentence case, "I" and names are restored by rule.
* ``childrens-books.md``: classic children's books; only passages that are as simple as the stories are kept.

A reader returns a list of stories; a story is a string whose paragraphs are separated by one blank line.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

SOURCES = ("storybooks-en.txt", "tinystories.txt", "childrens-books.md")

_SENTENCE_END = re.compile(r"""[.!?]["')]*$""")
_WORD = re.compile(r"[A-Za-z']+")


def clean_characters(text: str) -> str:
    """Straight quotes, plain dashes and spaces; also repairs quotes that were decoded with the wrong table (``â€œ``)."""
    for wrong, right in (
        ("â€œ", '"'),
        ("â€\x9d", '"'),
        ("â€™", "'"),
        ("â€˜", "'"),
        ("â€¦", "..."),
        ("â€“", " - "),
        ("â€”", " - "),
        ("â€", '"'),
        ("“", '"'),
        ("”", '"'),
        ("„", '"'),
        ("«", '"'),
        ("»", '"'),
        ("‘", "'"),
        ("’", "'"),
        ("´", "'"),
        ("`", "'"),
        ("…", "..."),
        ("–", "-"),
        ("—", " - "),
        ("―", " - "),
        ("\xa0", " "),
        ("\u2003", " "),
        ("\u2029", "\n"),
        ("\r", ""),
        ("''", '"'),
    ):
        text = text.replace(wrong, right)
    text = re.sub(r" -- ?|--", " - ", text)
    return text


def tidy(paragraphs: list[str]) -> str:
    """Joins paragraphs with one blank line; one space between words, none before punctuation."""
    tidied = []
    for paragraph in paragraphs:
        paragraph = re.sub(r"\s+", " ", paragraph).strip()
        paragraph = re.sub(r" +([,.!?;:])", r"\1", paragraph)
        if paragraph:
            tidied.append(paragraph)
    return "\n\n".join(tidied)


def is_plain(story: str) -> bool:
    """ASCII, no markup, balanced double quotes."""
    return story.isascii() and not re.search(r"[_*|#<>=\[\]{}\\/@$%^~+&]", story) and story.count('"') % 2 == 0


def mean_sentence_length(text: str) -> float:
    sentences = max(1, len(re.findall(r"[.!?]+", text)))
    return len(_WORD.findall(text)) / sentences


# --- storybooks ---------------------------------------------------------------------------------------------------


def read_storybooks(path: Path) -> list[str]:
    stories, seen = [], set()
    for raw in clean_characters(path.read_text(encoding="utf-8")).split("<|end|>"):
        paragraphs = [p.strip() for p in re.split(r"\n\s*\n", raw) if p.strip()]
        if paragraphs and not _SENTENCE_END.search(paragraphs[0]):
            paragraphs = paragraphs[1:]  # the title
        # A page that ends in mid-sentence goes on with the next page.
        joined: list[str] = []
        for paragraph in paragraphs:
            if joined and not re.search(r"""[.!?:]["')]*$""", joined[-1]):
                joined[-1] += " " + paragraph
            else:
                joined.append(paragraph)
        story = tidy(joined)
        key = story[:120].lower()
        if len(story) < 200 or key in seen or not is_plain(story) or mean_sentence_length(story) > 15:
            continue
        if not _SENTENCE_END.search(story):
            continue
        seen.add(key)
        stories.append(story)
    return stories


# --- tinystories --------------------------------------------------------------------------------------------------

_OPENING = re.compile(
    r"^(once|one (sunny |rainy |cold |hot |warm |nice )?(day|night|morning|time)|there (was|were|once|lived)|long ago|in a |"
    r"it was an? |the sun was|a (little|long|big|small|young|old) |(mum|mom|mommy|mama|daddy|dad) and )"
)
_DETERMINERS = set(
    "a an the his her their my your our its this that these every another some any no one two three many little big old "
    "new young small pretty brave good bad nice happy sad kind best".split()
)
# Words that follow "named" or "called", or that books capitalise, and that are no names in these stories.
_NOT_NAMES = set(
    "it her him them mom mommy mum mummy dad daddy mama papa grandma grandpa for and the she he they after bear cat dog so in "
    "on with who as by to of is was that bunny fish duck bird frog mouse lion rabbit turtle fox cow pig god lord lady sir king "
    "queen prince princess miss aunt uncle doctor captain owl witch wizard oh yes no well what how why when where but then".split()
)
_KIN = "mom mommy mum mummy mama mamma dad daddy papa grandma grandpa granny nana grandmother grandfather".split()
_ALWAYS = {
    "i": "I",
    "i'm": "I'm",
    "i'll": "I'll",
    "i've": "I've",
    "i'd": "I'd",
    "christmas": "Christmas",
    "halloween": "Halloween",
    "monday": "Monday",
    "tuesday": "Tuesday",
    "wednesday": "Wednesday",
    "thursday": "Thursday",
    "friday": "Friday",
    "saturday": "Saturday",
    "sunday": "Sunday",
    "mr": "Mr",
    "mrs": "Mrs",
    "santa": "Santa",
    "english": "English",
}
_LOWER_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?")


def _split_stories(text: str) -> list[str]:
    """The file separates paragraphs by blank lines and stories by a bare line break, with some bare breaks inside stories."""
    stories: list[list[str]] = [[""]]
    blank = False
    for line in text.split("\n"):
        line = line.strip()
        if not line:
            blank = True
            continue
        length = sum(map(len, stories[-1]))
        if (
            not blank
            and length > 200
            and (_OPENING.match(line) or re.match(r"^[a-z]+ (and [a-z]+ )?(was|were|is|are|like|love|had|want)", line))
        ):
            stories.append([line])
        elif blank:
            stories[-1].append(line)
        else:
            stories[-1][-1] += " " + line
        blank = False
    return [tidy(paragraphs) for paragraphs in stories]


def case_counts(cased_text: str) -> tuple[Counter, Counter]:
    """How often each word of a cased text stands in mid-sentence with a capital, and without."""
    upper, lower = Counter(), Counter()
    for match in re.finditer(r"(?<=[a-z,;] )[A-Za-z][a-z]+", cased_text):
        word = match.group(0)
        (upper if word[0].isupper() else lower)[word.lower()] += 1
    return upper, lower


def names_of(stories: list[str], upper: Counter, lower: Counter) -> set[str]:
    """Names: words that cased texts capitalise in mid-sentence, and words that several stories introduce as a name."""
    introduced, named, after_determiner, total = Counter(), Counter(), Counter(), Counter()
    for story in stories:
        named.update({m.group(1) for m in re.finditer(r"\bnamed ([a-z]+)\b", story)})
        introduced.update({m.group(1) for m in re.finditer(r"\b(?:named|called) ([a-z]+)\b", story)})
        words = _LOWER_TOKEN.findall(story)
        for previous, word in zip([""] + words, words):
            word = word.removesuffix("'s")
            total[word] += 1
            after_determiner[word] += previous in _DETERMINERS
    names = set()
    for word, count in total.items():
        if word in _NOT_NAMES or len(word) < 2 or after_determiner[word] >= 0.1 * count:
            continue
        if upper[word] >= 3 and upper[word] > 4 * lower[word]:
            names.add(word)
        elif introduced[word] >= 2 and lower[word] <= 5:
            names.add(word)
        elif named[word] >= 20 and after_determiner[word] < 0.06 * count:
            names.add(word)
    return names


_CONTINUED_SPEECH = re.compile(r"""[a-z],["'] [a-z' ]{2,30}, "$""", re.IGNORECASE)
_SPEECH_TAGS = set("he she they it the said asked his her replied answered shouted cried we a".split())


def restore_case(story: str, names: set[str], lower: Counter) -> str:
    """Capitals at the start of sentences and of quoted speech, for "I", for names and for kinship words used as names."""
    own = {m.group(1) for m in re.finditer(r"\b(?:named|called) ([a-z]+)\b", story)} - _NOT_NAMES - _DETERMINERS
    own = {w for w in own if lower[w] <= 20 and not re.search(rf"\b(?:a|an|the|his|her|their) {w}\b", story)}
    capital = names | own

    def fix(match: re.Match) -> str:
        word, start = match.group(0), match.start()
        base = word.removesuffix("'s")
        before = story[max(0, start - 48) : start]
        if word in _ALWAYS:
            return _ALWAYS[word]
        if base in capital:
            return word.capitalize()
        if base in _KIN:
            previous = before.split()
            if not previous or (previous[-1] not in _DETERMINERS | {"and"} and not previous[-1].endswith("'s")):
                return word.capitalize()
        if not before or before.endswith("\n"):
            return word.capitalize()
        if before.endswith('"'):
            opens = story.count('"', 0, start) % 2 == 1
            return word.capitalize() if opens and not _CONTINUED_SPEECH.search(before) else word
        if re.search(r"""[!?]["'] $""", before) and word in _SPEECH_TAGS:
            return word  # `"Stop!" he said.`
        if re.search(r"""[.!?]["']? $|[.!?] ["']$""", before):
            return word.capitalize()
        return word

    return _LOWER_TOKEN.sub(fix, story)


def read_tinystories(path: Path, cased_text: str) -> list[str]:
    raw = clean_characters(path.read_text(encoding="utf-8"))
    stories = [s for s in _split_stories(raw) if 200 <= len(s) <= 4000 and is_plain(s) and _SENTENCE_END.search(s)]
    stories = list(dict.fromkeys(stories))
    upper, lower = case_counts(cased_text)
    names = names_of(stories, upper, lower)
    return [restore_case(story, names, lower) for story in stories]


# --- children's books ---------------------------------------------------------------------------------------------


_OLD_OR_HARD = re.compile(r"[()]|;.*;|(?:^|\s)'\w|\b(?:thou|thee|thy|ye|hath|quoth)\b", re.DOTALL | re.IGNORECASE)


def read_childrens_books(path: Path, known_words: set[str], budget: int) -> list[str]:
    """The simplest passages (whole paragraphs, about 1,200 characters each) up to `budget` characters.

    Simple means: short sentences and hardly a word that the storybooks do not know.
    """
    text = re.sub(r"[_*]", "", clean_characters(path.read_text(encoding="utf-8")))
    passages: list[tuple[float, str]] = []
    for chapter in re.split(r"\n#+ [^\n]*\n|\n-{3,}\n", text):
        group: list[str] = []
        for paragraph in re.split(r"\n\s*\n", chapter):
            paragraph = re.sub(r"\s+", " ", paragraph).strip()
            if not is_plain(paragraph) or not _SENTENCE_END.search(paragraph) or len(paragraph) < 3:
                group = []
                continue
            group.append(paragraph)
            if sum(map(len, group)) >= 1200:
                passage = tidy(group)
                group = []
                words = [w.lower().strip("'").removesuffix("'s") for w in _WORD.findall(passage)]
                unknown = sum(w not in known_words for w in words) / max(1, len(words))
                length = mean_sentence_length(passage)
                if length <= 16 and unknown <= 0.10 and len(passage) < 3000 and not _OLD_OR_HARD.search(passage):
                    passages.append((unknown + 0.004 * length, passage))
    passages.sort(key=lambda item: item[0])
    kept, size = [], 0
    for _, passage in passages:
        if size >= budget:
            break
        kept.append(passage)
        size += len(passage)
    return kept


# --- all together -------------------------------------------------------------------------------------------------


def is_held_out(story: str, share: float = 0.02) -> bool:
    """A story belongs to the held-out set by a hash of its own text, whatever the order of the files."""
    return int.from_bytes(hashlib.sha256(story.encode()).digest()[:4], "big") < share * 2**32


def load_corpus(folder: Path, books_budget: int = 400_000) -> dict[str, list[str]]:
    missing = [name for name in SOURCES if not (folder / name).is_file()]
    if missing:
        raise SystemExit(
            f"The corpus folder {folder} lacks {', '.join(missing)}. The training needs all of {', '.join(SOURCES)}; "
            "Tools/train-default-model/README.md says what they are and where they come from. Name their folder with --data."
        )
    storybooks = read_storybooks(folder / "storybooks-en.txt")
    cased = "\n".join(storybooks) + clean_characters((folder / "childrens-books.md").read_text(encoding="utf-8"))
    tiny = read_tinystories(folder / "tinystories.txt", cased)
    counts = Counter(w.lower().strip("'").removesuffix("'s") for s in storybooks + tiny for w in _WORD.findall(s))
    known = {w for w, c in counts.items() if c >= 8}
    books = read_childrens_books(folder / "childrens-books.md", known, books_budget)
    return {"storybooks": storybooks, "tinystories": tiny, "childrens-books": books}
