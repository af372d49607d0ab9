"""Opens pages of `parterre trace` in a headless Chromium and looks at them as a person would.

    look_at_trace.py FOLDER      with demonstration.html, texts.html, record.json and texts.jsonl; screenshots are written into it
"""

import json
import pathlib
import sys

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from headless import browser, check, complaints, dress, finish, settle, spill, whole_height

folder = pathlib.Path(sys.argv[1]).resolve()


def show(driver, page, width=1400, dark=False, ratio=1):
    """Loads a page and lays it out whole, so that a screenshot has all of it."""
    dress(driver, width, dark=dark, ratio=ratio)
    driver.get(page.as_uri())
    check(driver.execute_script("return document.documentElement.dataset.ready") == "yes", f"{page.name} is ready")
    dress(driver, width, whole_height(driver), dark, ratio)
    settle(driver)
    said = complaints(driver)
    check(said == [], f"{page.name}: the console says {said}")


def shot(driver, name):
    driver.save_screenshot(str(folder / f"{name}.png"))


def colours(driver, panel):
    """How many different colours a picture has, outside of its margins."""
    return driver.execute_script(
        """
        const canvas = document.querySelector(`#${arguments[0]} canvas`), scale = devicePixelRatio;
        const [left, right, top, bottom] = ["left", "right", "top", "bottom"].map(side => Number(canvas.dataset[side]));
        const box = [left, top, canvas.clientWidth - left - right, canvas.clientHeight - top - bottom];
        const copy = document.createElement("canvas"), seen = new Set();
        [copy.width, copy.height] = [canvas.width, canvas.height];
        // Reading the page's own canvas would change how it is kept.
        const brush = copy.getContext("2d", { willReadFrequently: true });
        brush.drawImage(canvas, 0, 0);
        const data = brush.getImageData(...box.map(value => Math.round(value * scale))).data;
        for (let at = 0; at < data.length; at += 4) seen.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
        return seen.size;
        """,
        panel,
    )


def figure(driver, name):
    """The large number of a tile, without its unit."""
    return driver.execute_script("return document.querySelector(arguments[0]).firstChild.textContent", f"#f-{name} dd")


def note(driver, name):
    return driver.find_element(By.CSS_SELECTOR, f"#f-{name} dd:nth-of-type(2)").text


def move_to(driver, panel, across, down):
    """Puts the pointer at a share of a picture's width and height, and returns what the tip says."""
    canvas = driver.find_element(By.CSS_SELECTOR, f"#{panel} canvas")
    size = canvas.size
    left, right, top, bottom = (int(canvas.get_attribute(f"data-{side}")) for side in ("left", "right", "top", "bottom"))
    x = left + across * (size["width"] - left - right) - size["width"] / 2
    y = top + down * (size["height"] - top - bottom) - size["height"] / 2
    ActionChains(driver, duration=0).move_to_element_with_offset(canvas, round(x), round(y)).perform()
    settle(driver)
    tip = driver.find_element(By.ID, "tip")
    return tip.text if tip.is_displayed() else ""


def grouped(value):
    return f"{value:,}"


def look_at_figures(driver, page):
    """The figures are those of the record, worked out anew here."""
    trace = json.loads(driver.find_element(By.ID, "trace").get_attribute("textContent"))
    steps, runs, totals = trace["steps"], trace["runs"], trace["totals"]
    check(figure(driver, "steps") == grouped(totals["steps"]), f"{page}: steps")
    check(figure(driver, "preemptions") == grouped(totals["preemptions"]), f"{page}: preemptions")
    check(note(driver, "rate").startswith(f"{grouped(totals['generatedTokens'])} token"), f"{page}: generated tokens")
    check(note(driver, "steps") == f"{grouped(totals['promptTokens'])} prompt rows", f"{page}: prompt rows")
    check(figure(driver, "requests") == grouped(len({s["request"] for s in trace["sequences"]})), f"{page}: requests")
    tokens = sum(each * count for each, count in zip(runs["tokens"], runs["count"]))
    check(tokens == totals["generatedTokens"], f"{page}: tokens of all runs")
    rate = tokens / sum(steps["duration"]) * 1e6
    shown = float(figure(driver, "rate").replace(",", ""))
    check(abs(shown - rate) <= max(0.06, 0.51 if rate >= 100 else 0), f"{page}: {shown} tokens/s, {rate} by the record")
    peak = max(steps["blocks"])
    check(note(driver, "cache").startswith(f"{grouped(peak)} of {grouped(trace['settings']['blocks'])} blocks"), f"{page}: cache")
    cached = trace["cached"]
    spans = list(zip(cached["from"], cached["until"]))
    held = [sum(begin <= step < end for begin, end in spans) for step in range(len(steps["begin"]))]
    check(held == steps["cached"], f"{page}: cached blocks of each step")
    adopted = sum(detail for what, detail in zip(trace["marks"]["what"], trace["marks"]["detail"]) if what == 3)
    check(adopted == totals["adoptedTokens"], f"{page}: tokens found in the cache")
    outs = trace["marks"]["what"].count(4)
    check(outs == totals["swaps"], f"{page}: swapped out")
    noted = note(driver, "preemptions").startswith(f"{grouped(outs)} swapped out, ")
    check(noted == (outs > 0), f"{page}: what became of the preempted")
    strip = driver.find_element(By.ID, "swap").is_displayed()
    check(strip == (max(steps["swapped"]) > 0), f"{page}: the strip of the swap space")
    if totals["queriedTokens"] > 0:
        check(note(driver, "prefix").startswith(f"{grouped(adopted)} prompt token"), f"{page}: prefix cache")
    firsts = []
    first_step = {}
    for sequence, step, count in zip(runs["sequence"], runs["step"], runs["tokens"]):
        if count > 0 and sequence not in first_step:
            first_step[sequence] = step
    for sequence, step in first_step.items():
        firsts.append(steps["begin"][step] + steps["duration"][step] - trace["sequences"][sequence]["arrived"])
    firsts.sort()
    median = firsts[(len(firsts) + 1) // 2 - 1]
    value = float(figure(driver, "first").replace(",", ""))
    unit = driver.find_element(By.CSS_SELECTOR, "#f-first dd small").text
    shown = value * {"µs": 1, "ms": 1e3, "s": 1e6}[unit]
    check(abs(shown - median) <= 0.006 * median + 1, f"{page}: first token {shown}, {median} by the record")
    return trace


def look_at_pictures(driver, page, least):
    for panel, count in least.items():
        seen = colours(driver, panel)
        check(seen >= count, f"{page}: {panel} has {seen} colours, fewer than {count}")


def look_at_tips(driver):
    """What the pointer is told is what the record says of that place."""
    found = ""
    for across in (0.2, 0.35, 0.5):
        for down in (0.95, 0.8, 0.6):
            found = found or (lambda tip: tip if "generated" in tip else "")(move_to(driver, "blocks", across, down))
    check("Block " in found and "demo-" in found and "prompt" in found, f"tip of a block: {found!r}")
    check("Step " in move_to(driver, "batch", 0.4, 0.3), "tip of a batch")
    check("layers" in move_to(driver, "time", 0.4, 0.8), "tip of a step's time")
    check("demo-" in move_to(driver, "lanes", 0.3, 0.2), "tip of a lane")
    check("swap slots in use" in move_to(driver, "swap", 0.3, 0.5), "tip of the swap space")
    canvas = driver.find_element(By.CSS_SELECTOR, "#lanes canvas")
    ActionChains(driver, duration=0).move_to_element(canvas).click().perform()
    settle(driver)
    check(driver.find_element(By.ID, "find").get_attribute("value").startswith("demo-"), "a click picks a request")
    check(len(driver.find_elements(By.CSS_SELECTOR, "tr[aria-selected=true]")) >= 1, "its row is marked")
    shot(driver, "picked")
    ActionChains(driver).send_keys(Keys.ESCAPE).perform()
    check(driver.find_element(By.ID, "find").get_attribute("value") == "", "Escape lets go")


def look_at_controls(driver, steps):
    """Zoom, axis and keys change what is shown, and say so."""
    window = driver.find_element(By.ID, "window")
    whole = window.text
    check(whole.startswith(f"{grouped(steps)} steps"), f"the window says {whole!r}")
    driver.find_element(By.CSS_SELECTOR, "[data-do=in]").click()
    settle(driver)
    check(window.text != whole and window.text.startswith("steps "), f"zoomed in it says {window.text!r}")
    driver.find_element(By.CSS_SELECTOR, "[data-set='axis=seconds']").click()
    settle(driver)
    check("s" in window.text and "steps" not in window.text, f"in seconds it says {window.text!r}")
    look_at_pictures(driver, "zoomed, in seconds", {"blocks": 4, "batch": 3, "time": 4, "lanes": 3})
    shot(driver, "zoomed-seconds")
    ActionChains(driver).send_keys("0").perform()
    driver.find_element(By.CSS_SELECTOR, "[data-set='axis=steps']").click()
    settle(driver)
    check(window.text == whole, f"the whole run again: {window.text!r}")
    for choice in ("blocks=share", "colour=state", "time=work"):
        driver.find_element(By.CSS_SELECTOR, f"[data-set='{choice}']").click()
    settle(driver)
    look_at_pictures(driver, "other views", {"blocks": 3, "batch": 3, "time": 3, "lanes": 3})
    shot(driver, "other-views")
    for choice in ("blocks=map", "colour=request", "time=part"):
        driver.find_element(By.CSS_SELECTOR, f"[data-set='{choice}']").click()
    canvas = driver.find_element(By.CSS_SELECTOR, "#blocks canvas")
    driver.execute_script("arguments[0].focus()", canvas)
    ActionChains(driver).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_UP).perform()
    settle(driver)
    check(driver.find_element(By.ID, "said").get_attribute("textContent").startswith("Block 1"), "keys move and tell")
    driver.execute_script("arguments[0].blur()", canvas)


def look_at_redrawing(driver, page):
    """Nothing of an earlier picture is left in a later one, also where the browser's own zoom makes pixels large."""
    for ratio in (0.67, 1.5):
        show(driver, page, ratio=ratio)
        pictures = "return Array.from(document.querySelectorAll('.plot canvas:first-child'), each => each.toDataURL())"
        first = driver.execute_script(pictures)
        for action in ("in", "all"):
            driver.find_element(By.CSS_SELECTOR, f"[data-do={action}]").click()
            settle(driver)
        check(driver.execute_script(pictures) == first, f"pictures are what they were, at {ratio} pixels to a pixel")


def look():
    demonstration, texts = folder / "demonstration.html", folder / "texts.html"
    with browser() as driver:
        show(driver, demonstration)
        trace = look_at_figures(driver, "demonstration")
        check(trace["totals"]["preemptions"] > 0, "the demonstration shows preemptions")
        check({1, 3, 4, 5} <= set(trace["marks"]["what"]), "the demonstration shows forks, prefixes found and swaps")
        check({1, 2} <= set(trace["cached"]["fate"]), "the demonstration shows cached blocks taken over and evicted")
        for name in ("blocks", "lanes"):
            words = driver.find_element(By.ID, f"l-{name}").text
            check("cache" in words, f"the legend of {name} says {words!r}")
        check("swapped out" in driver.find_element(By.ID, "l-lanes").text, "the legend of lanes tells of swaps")
        least = {"blocks": 20, "swap": 2, "batch": 8, "time": 5, "lanes": 5, "overview": 2}
        look_at_pictures(driver, "demonstration", least)
        shot(driver, "light")
        look_at_tips(driver)
        look_at_controls(driver, trace["totals"]["steps"])
        said = complaints(driver)
        check(said == [], f"after all that the console says {said}")

        for name, width, dark, ratio in (("dark", 1400, True, 1), ("narrow", 420, False, 2), ("wide-dark", 2200, True, 1)):
            show(driver, demonstration, width=width, dark=dark, ratio=ratio)
            look_at_pictures(driver, name, {"blocks": 20, "batch": 8, "time": 5, "lanes": 5})
            check(spill(driver) <= 0, f"{name}: the page is {spill(driver)} pixels wider than its window")
            shot(driver, name)

        look_at_redrawing(driver, demonstration)

        show(driver, texts)
        trace = look_at_figures(driver, "texts")
        lines = [json.loads(line) for line in (folder / "texts.jsonl").read_text().splitlines()]
        check(trace["totals"]["generatedTokens"] == sum(line["completion_tokens"] for line in lines), "tokens of the texts")
        check({s["label"] for s in trace["sequences"]} == {str(line["id"]) for line in lines}, "ids of the texts")
        shot(driver, "texts")
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        settle(driver)
        shot(driver, "paper")


look()
finish()
