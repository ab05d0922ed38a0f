from tests.harness.simulator import Sandbox


async def test_it(sandbox: Sandbox) -> None:
    account = await sandbox.account("whatsapp")
    await account.inbound(**{"from": "+491511234567"}, text="Hallo ä", name="Ana")
    [request] = await account.requests()
    print(request)
    mail = await sandbox.account("sendgrid")
    await mail.inbound(**{"from": "Ana <ana@example.org>"}, text="Hallo ä", subject="Hi", files=[{"name": "a.txt", "media_type": "text/plain", "data": "aGFsbG8="}])
    [request] = await mail.requests()
    print(request.body.decode())
