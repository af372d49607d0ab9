"""Opens the page of `parterre serve` in a headless Chromium and uses it as a person would.

    look_at_server.py PARTERRE FOLDER      starts that program; screenshots are written into the folder
"""

import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import threading
import time
import urllib.request

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from headless import browser, check, complaints, dress, finish, settle, spill, whole_height

parterre, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
KEY = "a-key-of-this-test"


@contextlib.contextmanager
def server(*options):
    """Runs a server of the default model; gives its address and its process."""
    command = [parterre, "serve", "--port", "0", "--quiet", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip(), process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            check(process.wait(40) == 0, "the server ends well")
        except subprocess.TimeoutExpired:
            check(False, "the server ends within 40 s")
            process.kill()


def wait(driver, words, condition, seconds=60):
    """Waits until something holds; returns what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    check(False, f"{words}, within {seconds} s")
    return None


def text(driver, selector):
    return driver.execute_script("return document.querySelector(arguments[0])?.textContent ?? ''", selector)


def texts(driver):
    """What each card's text says, without the prompt in front."""
    return driver.execute_script(
        "return Array.from(document.querySelectorAll('.text p'), p => Array.from(p.childNodes)"
        ".filter(node => node.className !== 'prompt').map(node => node.textContent).join(''))"
    )


def is_busy(driver):
    return driver.execute_script("return document.documentElement.dataset.busy") == "yes"


def fill(driver, **fields):
    for name, value in fields.items():
        field = driver.find_element(By.ID, name)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.DELETE, str(value))


def shot(driver, name, width=1400, dark=False, ratio=1):
    """A picture of the whole page."""
    dress(driver, width, 1000, dark, ratio)
    settle(driver)
    dress(driver, width, whole_height(driver), dark, ratio)
    settle(driver)
    driver.save_screenshot(str(folder / f"{name}.png"))
    dress(driver, width, 1000, dark, ratio)


def open_page(driver, address):
    driver.get(address + "/")
    check(driver.execute_script("return document.documentElement.dataset.ready") == "yes", "the page is ready")


def wait_for_link(driver):
    wait(driver, "the page listens", lambda: text(driver, "#link") == "live")
    wait(driver, "the page knows its model", lambda: "room for" in text(driver, "#about"))


def ask(address, **fields):
    """The same of the API."""
    body = json.dumps(fields).encode()
    request = urllib.request.Request(address + "/v1/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def wait_for_rest(driver):
    wait(driver, "no block is held any more", lambda: text(driver, "#f-cache dd:nth-of-type(2)").startswith("0 of"))
    wait(driver, "nothing runs any more", lambda: text(driver, "#f-running dd") == "0")
    check(text(driver, "#batch-note") == "nothing runs", "the batch is empty")


def watch(driver, name, selector):
    """Keeps every text that a part of the page has from now on, however soon it changes again."""
    driver.execute_script(
        """
        const part = document.querySelector(arguments[1]), states = (window.watched ??= {})[arguments[0]] = [];
        new MutationObserver(() => { if (states.at(-1) !== part.textContent) states.push(part.textContent); })
          .observe(part, { childList: true, characterData: true, subtree: true });
        """,
        name, selector,
    )


def watched(driver, name):
    return driver.execute_script("return window.watched[arguments[0]]", name)


def look_at_names(driver):
    """Whatever can be used has a name for those who do not see it."""
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used = {"button", "textbox", "spinbutton", "checkbox", "application", "region", "table", "searchbox"}
    for node in nodes:
        role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value", "")
        # A table's name is its panel's.
        if role in used - {"table"} and not node.get("ignored"):
            check(name.strip() != "", f"a {role} has no name")


def look_at_stream(driver, address):
    """A prompt is typed and its text streams in; it is what the API answers."""
    prompt = "One day, <b>Lily</b> & Tom"
    fill(driver, prompt=prompt, seed=11, max_tokens=60, temperature=0.8, top_p=0.95)
    watch(driver, "text", "#texts")
    driver.find_element(By.ID, "prompt").send_keys(Keys.CONTROL, Keys.ENTER)
    wait(driver, "the text ends", lambda: any(texts(driver)) and not is_busy(driver))
    states = watched(driver, "text")
    check(len(states) >= 10 and states == sorted(states, key=len), f"a text comes piece by piece: {len(states)} of them")
    shown = texts(driver)[0]
    answer = ask(address, prompt=prompt, seed=11, max_tokens=60, temperature=0.8, top_p=0.95)
    check(shown == answer["choices"][0]["text"], f"the page shows {shown!r}, the API says {answer['choices'][0]['text']!r}")
    words, usage = text(driver, "#usage"), answer["usage"]
    expected = f"{usage['prompt_tokens']} prompt tokens + {usage['completion_tokens']} new ones"
    check(words.startswith(expected), f"the usage says {words!r}, not {expected!r}")
    check("tokens/s" in words and "first after" in words, f"the usage tells of time: {words!r}")
    check(text(driver, ".text .prompt") == prompt, "the prompt stands in front, as it was typed")
    check(driver.execute_script("return document.querySelectorAll('.text b').length") == 0, "no text is read as HTML")
    return shown


def look_at_probabilities(driver, shown):
    """Colours change no letter, and a token is told how likely it was."""
    driver.find_element(By.ID, "probabilities").click()
    driver.find_element(By.ID, "generate").click()
    wait(driver, "the coloured text ends", lambda: texts(driver) and not is_busy(driver))
    check(texts(driver)[0] == shown, "the text is the same in colours")
    spans = driver.execute_script(
        "return Array.from(document.querySelectorAll('.text span[data-p]'), each => [each.textContent, each.title, each.dataset.p])"
    )
    check(len(spans) > 20 and "".join(span[0] for span in spans) == shown, f"each of {len(spans)} tokens has its colour")
    check(all("%" in title for _, title, _ in spans), "each token tells its probability")
    check(len({grade for _, _, grade in spans}) >= 3, "tokens differ in how likely they were")
    shot(driver, "probabilities")
    driver.find_element(By.ID, "probabilities").click()


@contextlib.contextmanager
def neighbours(address, count):
    """Others keep the batch busy meanwhile, with texts of their own."""
    goes_on = True

    def write(number):
        while goes_on:
            ask(address, prompt=f"A story of {number} bears:", max_tokens=150 + 31 * number, ignore_eos=True, temperature=1)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        goes_on = False
        for thread in threads:
            thread.join()


def long_seed(address, **fields):
    """A seed whose text does not end soon."""
    for seed in range(1, 40):
        choice = ask(address, seed=seed, **fields)["choices"][0]
        if choice["finish_reason"] == "length":
            return seed
    return 1


def look_at_crowd(driver, address):
    """Eight at once, among others, say what one says alone; meanwhile the batch and the blocks are seen."""
    fields = {"max_tokens": 240, "temperature": 0.9, "top_p": 0.95}
    prompt = driver.find_element(By.ID, "prompt").get_attribute("value")
    fill(driver, seed=long_seed(address, prompt=prompt, **fields), **fields)
    driver.find_element(By.ID, "generate").click()
    wait(driver, "the text alone ends", lambda: any(texts(driver)) and not is_busy(driver))
    watch(driver, "verdict", "#verdict")
    watch(driver, "batch", "#batch tbody")
    watch(driver, "blocks", "#blocks-note")
    with neighbours(address, 5):
        driver.find_element(By.ID, "crowd").click()
        is_shot = False
        while is_busy(driver):
            seen = driver.find_elements(By.CSS_SELECTOR, "#batch tbody tr[data-mine=yes]")
            if not is_shot and len(seen) == 8 and min(len(each) for each in texts(driver)) > 350:
                shot(driver, "crowd")
                is_shot = True
    verdicts, batches = watched(driver, "verdict"), watched(driver, "batch")
    check(verdicts[0].startswith("8 of 8 identical so far"), f"the first verdict is {verdicts[0]!r}")
    check(all(each.startswith("8 of 8 identical") for each in verdicts if each), f"verdicts on the way: {set(verdicts)}")
    check(verdicts[-1] == "8 of 8 identical, and the same as alone", f"the verdict is {verdicts[-1]!r}")
    check(len(set(texts(driver))) == 1 and len(texts(driver)) == 8, "eight texts, all the same")
    check(any("yours · 8" in each for each in batches), "the batch shows the eighth")
    check(any("request" in each or "req_" in each for each in batches), "the batch shows others")
    notes = watched(driver, "blocks")
    check(len(notes) >= 2 and any("shared" in note for note in notes), f"blocks change and are shared: {notes}")
    wait_for_rest(driver)
    check(float(text(driver, "#f-prefix dd").rstrip("%")) > 20, "the eight found their beginning in the cache")
    colours = driver.execute_script(
        """
        const canvas = document.getElementById("blocks"), copy = document.createElement("canvas"), seen = new Set();
        [copy.width, copy.height] = [canvas.width, canvas.height];
        const brush = copy.getContext("2d");
        brush.drawImage(canvas, 0, 0);
        const { data } = brush.getImageData(0, 0, copy.width, copy.height);
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) seen.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
        return seen.size;
        """
    )
    check(colours >= 4, f"cached blocks keep their owners' colours: {colours}")


def look_at_stop(driver, stop, name):
    """Stopping frees the blocks."""
    fill(driver, prompt="The sea", seed=3, max_tokens=4000, n=8)
    driver.find_element(By.ID, "generate").click()
    wait(driver, "texts are begun", lambda: any(texts(driver)))
    wait(driver, "blocks are seen held", lambda: not text(driver, "#f-cache dd:nth-of-type(2)").startswith("0 of"))
    stop()
    wait(driver, f"{name} stops", lambda: not is_busy(driver))
    states = driver.execute_script("return Array.from(document.querySelectorAll('.text h3 span:last-child'), each => each.textContent)")
    check("stopped" in states and "writing" not in states, f"the texts say {states} after {name}")
    wait_for_rest(driver)
    fill(driver, n=1)


def look_at_refusals(driver):
    """What the server refuses is told in its own words; what the fields refuse is not sent."""
    fill(driver, max_tokens=100000000)
    driver.find_element(By.ID, "generate").click()
    wait(driver, "a refusal is told", lambda: driver.find_element(By.ID, "failure").is_displayed())
    words = text(driver, "#failure")
    check("token" in words, f"the refusal says {words!r}")
    fill(driver, max_tokens=40)
    driver.find_element(By.ID, "generate").click()
    wait(driver, "the next text ends", lambda: any(texts(driver)) and not is_busy(driver))
    check(not driver.find_element(By.ID, "failure").is_displayed(), "the refusal is gone")
    said = complaints(driver)
    check(len(said) == 1 and "400" in said[0], f"the console knows of one refusal: {said}")


def look_at_blocks(driver):
    """Keys move over the blocks and tell; the pointer does, too."""
    canvas = driver.find_element(By.ID, "blocks")
    driver.execute_script("arguments[0].focus()", canvas)
    ActionChains(driver).send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT).perform()
    check(text(driver, "#said").startswith("Block 1: "), f"keys tell {text(driver, '#said')!r}")
    driver.execute_script("arguments[0].blur()", canvas)
    ActionChains(driver, duration=0).move_to_element_with_offset(canvas, -canvas.size["width"] // 2 + 6, -canvas.size["height"] // 2 + 6).perform()
    check(text(driver, "#tip").startswith("Block 0: cached"), f"the pointer tells {text(driver, '#tip')!r}")
    ActionChains(driver, duration=0).move_to_element(driver.find_element(By.ID, "prompt")).perform()


def look_at_sizes(driver):
    for name, width, dark, ratio in (("dark", 1400, True, 1), ("narrow", 400, False, 2), ("wide-dark", 2200, True, 1), ("light", 1400, False, 1)):
        shot(driver, name, width, dark, ratio)
        check(spill(driver) <= 0, f"{name}: the page is {spill(driver)} pixels wider than its window")
        page = driver.execute_script("return getComputedStyle(document.documentElement).backgroundColor")
        check((page == "rgb(16, 20, 18)") == dark, f"{name}: the page is {page}")


def look_at_keys(driver):
    """Without a key the page asks for one, and goes on with the right one."""
    keys = folder / "keys.txt"
    keys.write_text(KEY + "\n")
    with server("--api-keys", str(keys), "--threads", "1") as (address, _):
        open_page(driver, address)
        form = driver.find_element(By.ID, "key-form")
        wait(driver, "a key is asked for", form.is_displayed)
        shot(driver, "key")
        driver.find_element(By.ID, "key").send_keys("wrong", Keys.ENTER)
        wait(driver, "a wrong key is told", lambda: form.is_displayed() and "does not know" in text(driver, "#key-note"))
        driver.find_element(By.ID, "key").send_keys(KEY, Keys.ENTER)
        wait_for_link(driver)
        check(not form.is_displayed(), "the form is gone")
        fill(driver, max_tokens=20)
        driver.find_element(By.ID, "generate").click()
        wait(driver, "a text ends", lambda: any(texts(driver)) and not is_busy(driver))
        driver.refresh()
        wait_for_link(driver)
        said = complaints(driver)
        check(said and all("401" in each for each in said), f"the console knows of refusals alone: {said}")


def look():
    with browser() as driver:
        dress(driver)
        # Slow on purpose, so that a text can be stopped before it ends.
        with server("--isa", "portable", "--threads", "1", "--cache-memory", "64M") as (address, process):
            open_page(driver, address)
            wait_for_link(driver)
            look_at_names(driver)
            shown = look_at_stream(driver, address)
            look_at_probabilities(driver, shown)
            look_at_stop(driver, driver.find_element(By.ID, "stop").click, "Stop")
            look_at_stop(driver, lambda: ActionChains(driver).send_keys(Keys.ESCAPE).perform(), "Escape")
            said = complaints(driver)
            check(said == [], f"the console says {said}")
            look_at_refusals(driver)
        driver.get("about:blank")
        with server("--threads", "1", "--cache-memory", "16M", "--max-batch", "16") as (address, process):
            open_page(driver, address)
            wait_for_link(driver)
            look_at_crowd(driver, address)
            look_at_blocks(driver)
            look_at_sizes(driver)
            look_at_names(driver)
            said = complaints(driver)
            check(said == [], f"the console says {said}")
            strangers = driver.execute_script(
                "return performance.getEntriesByType('resource').map(each => each.name).filter(name => !name.startsWith(origin + '/'))"
            )
            check(strangers == [], f"others are asked: {strangers}")
            process.send_signal(signal.SIGTERM)
            wait(driver, "the page tells that the server is gone", lambda: "lost" in text(driver, "#link"))
        driver.get("about:blank")
        complaints(driver)
        look_at_keys(driver)


look()
finish()
