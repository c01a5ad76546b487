"""Libraries in Python that send, each as its documentation shows."""

import os
import tempfile
import urllib.request

from common import GROUP, SANDBOX, TOKEN, USER, arrived, look, main, steer


def picture():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    file = tempfile.NamedTemporaryFile(suffix=".png", delete=False)
    file.write(opener.open(f"{SANDBOX}/icons/picture.png").read())
    file.close()
    return file.name


def chump(check):
    from chump import Application

    app = Application(TOKEN)
    check("the token is valid", lambda: app.is_authenticated)
    check("a wrong token is not", lambda: not Application("x" * 30).is_authenticated)
    user = app.get_user(USER)
    check("the user is valid", lambda: user.is_authenticated)
    check("its devices are known", lambda: set(user.devices) >= {"desk", "lap"})
    check("a message is sent", lambda: user.send_message("chump says hi & ü", title="Chump", sound="bike").is_sent)
    check("it arrived", lambda: arrived(message="chump says hi & ü", title="Chump", sound="bike"))
    check("a message for a device", lambda: user.send_message("chump lap", device="lap").is_sent)
    check(
        "it went to that device",
        lambda: [it["device"] for it in look("messages", message="chump lap")["messages"][0]["devices"]] == ["lap"],
    )
    emergency = user.send_message("chump alarm", priority=2, retry=30, expire=60)
    check("an emergency has a receipt", lambda: len(emergency.receipt) == 30)
    check("it can be polled", lambda: emergency.poll() and not emergency.is_acknowledged)
    steer("acknowledge", receipt=emergency.receipt)
    emergency.poll()
    check("it is acknowledged", lambda: emergency.is_acknowledged)
    check("an emergency is cancelled", lambda: user.send_message("chump end", priority=2, retry=30, expire=60).cancel())
    check("the limits are known", lambda: app.limit == 10000 and app.remaining < 10000)
    check.raises("a bad message is refused", lambda: user.send_message("x" * 2000), "")


def pushover_complete(check):
    from pushover_complete import PushoverAPI

    api = PushoverAPI(TOKEN)
    check("sounds", lambda: list(api.get_sounds())[:3] == ["pushover", "bike", "bugle"])
    check("validate", lambda: api.validate(USER)["status"] == 1)
    check.raises("validate a wrong device", lambda: api.validate(USER, device="x"), "device name is not valid for this user")
    check("a message", lambda: api.send_message(USER, "complete", title="T", html=True, ttl=60)["status"] == 1)
    check("it arrived", lambda: arrived(message="complete", html="True", ttl="60"))
    check("an attachment", lambda: api.send_message(USER, "complete picture", image=picture())["status"] == 1)
    check("it arrived with its image", lambda: look("messages", message="complete picture")["messages"][0]["attachment"] > 0)
    receipt = api.send_message(USER, "complete alarm", priority=2, retry=30, expire=60)["receipt"]
    check("a receipt", lambda: api.check_receipt(receipt)["acknowledged"] == 0)
    check("a cancelled receipt", lambda: api.cancel_receipt(receipt)["status"] == 1)
    check("a group", lambda: api.group_info(GROUP)["name"] == "Sandbox")
    check("a member is added", lambda: api.group_add_user(GROUP, USER, device="lap")["status"] == 1)
    check("disabled", lambda: api.group_disable_user(GROUP, USER)["status"] == 1)
    check("enabled", lambda: api.group_enable_user(GROUP, USER)["status"] == 1)
    check("removed", lambda: api.group_delete_user(GROUP, USER)["status"] == 1)
    check.raises("removed twice", lambda: api.group_delete_user(GROUP, USER), "user is not a member of this group")
    check("added again", lambda: api.group_add_user(GROUP, USER)["status"] == 1)
    check("renamed", lambda: api.group_rename(GROUP, "Sandbox")["status"] == 1)
    check("a subscription", lambda: api.migrate_to_subscription(USER, os.environ["SUBSCRIPTION"]) is not None)
    check("a licence", lambda: api.assign_license(USER, "Android")["credits"] >= 0)
    check.raises("a wrong user", lambda: api.send_message("x" * 30, "m"), "user identifier is not a valid user")
    check.raises("a wrong token", lambda: PushoverAPI("x").send_message(USER, "m"), "application token is invalid")


def pypushover(check):
    import pypushover as client

    manager = client.message.MessageManager(TOKEN, USER)
    check("a message", lambda: manager.push_message("pypushover ü", title="P")["status"] == 1)
    check("it arrived", lambda: arrived(message="pypushover ü", title="P"))
    alarm = {"priority": client.PRIORITIES.EMERGENCY, "retry": 30, "expire": 60}
    check("an emergency", lambda: manager.push_message("pypushover alarm", **alarm)["status"] == 1)
    receipt = manager.latest_response_dict["receipt"]
    check("its receipt", lambda: manager.check_receipt(receipt)["acknowledged"] == 0)
    check("it is cancelled", lambda: manager.cancel_retries(receipt)["status"] == 1)
    verification = client.verification.VerificationManager(TOKEN)
    check("a user is verified", lambda: verification.verify_user(USER))
    check.raises("a wrong user is refused", lambda: verification.verify_user("x" * 30))
    group = client.groups.GroupManager(TOKEN, GROUP)
    check("a group", lambda: group.group.name == "Sandbox")
    check("a member is disabled", lambda: group.disable_user(USER)["status"] == 1)
    check("and enabled", lambda: group.enable_user(USER)["status"] == 1)


def apprise(check):
    import apprise

    sender = apprise.Apprise()
    sender.add(f"pover://{USER}@{TOKEN}/desk?sound=bike&priority=high")
    check("a message", lambda: sender.notify(title="Apprise", body="apprise body"))
    check("it arrived", lambda: arrived(title="Apprise", sound="bike", priority="1"))
    check("an attachment", lambda: sender.notify(title="Picture", body="b", attach=picture()))
    check("it arrived with its image", lambda: look("messages", title="Picture")["messages"][0]["attachment"] > 0)
    alarm = apprise.Apprise()
    alarm.add(f"pover://{USER}@{TOKEN}?priority=emergency&retry=30&expire=60")
    check("an emergency", lambda: alarm.notify(title="Apprise alarm", body="b"))
    check("it has a receipt", lambda: look("messages", title="Apprise alarm")["messages"][0]["receipt"])
    wrong = apprise.Apprise()
    wrong.add(f"pover://{'x' * 30}@{TOKEN}")
    check("a wrong user is refused", lambda: not wrong.notify(body="b"))


def notifiers(check):
    from notifiers import get_notifier

    sender = get_notifier("pushover")
    answer = sender.notify(message="notifiers ü", user=USER, token=TOKEN, title="N", priority=1)
    check("a message", lambda: answer.status == "Success")
    check("it arrived", lambda: arrived(message="notifiers ü", priority="1"))
    check("sounds", lambda: sender.sounds(token=TOKEN)[:3] == ["pushover", "bike", "bugle"])
    check("limits", lambda: sender.limits(token=TOKEN)["limit"] == 10000)
    wrong = sender.notify(message="m", user=USER, token="x" * 30)
    check("a wrong token is refused", lambda: wrong.status == "Failure" and "token is invalid" in str(wrong.errors))


def python_pushover(check):
    import pushover

    client = pushover.Client(USER, api_token=TOKEN)
    check("verify", lambda: client.verify() is True)
    check("a device is verified", lambda: client.verify("lap") is True and client.verify("x") is False)
    check("a message", lambda: client.send_message("python-pushover ü", title="PP") is not None)
    check("it arrived", lambda: arrived(message="python-pushover ü", title="PP"))
    check("an attachment", lambda: client.send_message("pp picture", attachment=open(picture(), "rb")) is not None)
    alarm = client.send_message("pp alarm", priority=2, retry=30, expire=60)
    check("an emergency is polled", lambda: alarm.poll() is not None and not alarm.acknowledged)
    check("and cancelled", lambda: alarm.cancel() is not None)
    check("a glance", lambda: client.send_glance(text="glance", count=3) is not None)
    check.raises("a wrong user", lambda: pushover.Client("x" * 30, api_token=TOKEN).send_message("m"), "user identifier")


main({
    "chump": chump,
    "pushover-complete": pushover_complete,
    "pypushover": pypushover,
    "apprise": apprise,
    "notifiers": notifiers,
    "python-pushover": python_pushover,
})
