// Libraries for Node that send, each as its documentation shows.
"use strict";
const http = require("node:http");
const { SANDBOX, TOKEN, USER_KEY } = process.env;

function check(name, passed, why) {
  console.log(`${passed ? "ok  " : "FAIL"} ${name}${passed ? "" : `: ${why}`}`);
}

function look(path) {
  return new Promise((done, failed) => {
    http.get(`${SANDBOX}/_sandbox/${path}`, (answer) => {
      let text = "";
      answer.on("data", (part) => { text += part; });
      answer.on("end", () => done(JSON.parse(text)));
    }).on("error", failed);
  });
}

const arrived = async (text) => (await look(`messages?text=${encodeURIComponent(text)}`)).count === 1;
const called = (start) => new Promise((done) => start((error, answer) => done({ error, answer })));

async function pushoverNotifications() {
  const Pushover = require("pushover-notifications");
  const library = "pushover-notifications";
  const client = new Pushover({ user: USER_KEY, token: TOKEN, onerror: () => {} });
  let { error, answer } = await called((done) => client.send({ message: "node ü", title: "N", sound: "magic" }, done));
  check(`${library}: a message`, !error && JSON.parse(answer).status === 1, error);
  check(`${library}: it arrived`, await arrived("node ü"), "it is not there");
  const alarm = { message: "node alarm", priority: 2, retry: 30, expire: 60 };
  ({ error, answer } = await called((done) => client.send(alarm, done)));
  check(`${library}: an emergency`, !error && JSON.parse(answer).receipt.length === 30, error);
  const file = { name: "a.png", data: Buffer.from("89504e470d0a1a0a", "hex"), type: "image/png" };
  ({ error } = await called((done) => client.send({ message: "node picture", file }, done)));
  check(`${library}: an attachment`, !error && await arrived("node picture"), error);
  const wrong = new Pushover({ user: USER_KEY, token: "x", onerror: () => {} });
  ({ error, answer } = await called((done) => wrong.send({ message: "m" }, done)));
  check(`${library}: a wrong token is refused`, /token is invalid/.test(`${error} ${answer}`), answer);
}

async function nodePushover() {
  const Pushover = require("node-pushover");
  const client = new Pushover({ token: TOKEN, user: USER_KEY });
  let { error } = await called((done) => client.send("Title", "node-pushover ü", done));
  check("node-pushover: a message", !error, error);
  check("node-pushover: it arrived", await arrived("node-pushover ü"), "it is not there");
  const wrong = new Pushover({ token: "x", user: USER_KEY });
  ({ error } = await called((done) => wrong.send("Title", "m", done)));
  check("node-pushover: a wrong token is refused", Boolean(error), "no error");
}

pushoverNotifications().then(nodePushover);
