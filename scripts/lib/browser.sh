# Sourced by the commands that look at pages: nothing is needed but Debian's chromium, its driver and python3-selenium.

require_browser() {
    local missing=()
    command -v chromium >/dev/null || missing+=(chromium)
    command -v chromedriver >/dev/null || missing+=(chromium-driver)
    /usr/bin/python3 -c 'import selenium' 2>/dev/null || missing+=(python3-selenium)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# look_at SCRIPT [ARGUMENT]…: of Tests/Pages.
look_at() {
    local script=$1
    shift
    PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$root/Tests/Pages/$script" "$@"
}
