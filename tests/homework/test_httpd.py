"""The web server on the bastion."""

import pytest


@pytest.mark.requirement("httpd.container")
def test_web_server_runs_from_its_image(web_server, context):
    """The web server runs from its image, its port published, with a host directory as document root."""
    container, wanted = web_server.container, context.homework.httpd
    name, ports = container.name, container.ports_line
    repository = wanted.image.partition(":")[0]
    assert name == wanted.container, f"the container is called {name}, expected {wanted.container}"
    assert container.is_running, f"{name} is {container.status}, expected running — {container.remedy}"
    assert container.image.is_release(wanted.image), f"{name} runs {container.image_name}, expected {wanted.image}"
    published = container.publishes(wanted.port, wanted.container_port)
    assert published, f"{name} publishes {ports}, expected {wanted.port}→{wanted.container_port}/tcp"
    mounted = container.mounted_at(wanted.document_root)
    assert mounted, f"{name}: no directory of the host is mounted at {wanted.document_root}"
    origin = f"{name}: {container.image_name} was not pulled from {repository}"
    assert container.image.is_pulled_from(repository), f"{origin} — run {wanted.image} itself, as docker pull brings it"


@pytest.mark.requirement("httpd.reachable")
def test_page_is_served_through_its_rule_only(page, closed_port):
    """The page is served to the workstation, and only through its security-group rule."""
    before, now = closed_port.answer, page.answer
    seen = f"{now.url} served {now.body[:80]!r}" if now.is_ok else str(now)
    assert page.is_served, f"{seen}, expected {page.path} — {page.remedy}"
    assert closed_port.is_running, "the web server did not run before its rule was added, so nothing was shown by that"
    assert before.outcome != "answered", f"{before} while no rule let anybody in, expected silence"


@pytest.mark.requirement("httpd.live-edit")
def test_edit_shows_without_a_restart(edit):
    """An edit of the page shows on the next request, without a restart."""
    name, answer = edit.after.name, edit.answer
    seen = f"{answer.url} does not show the edit but {answer.body[-80:]!r}"
    assert edit.is_served, seen if answer.is_ok else f"{answer} after the edit, expected 200"
    assert edit.without_restart, f"{name} was restarted ({edit.before.started_at}, then {edit.after.started_at})"
