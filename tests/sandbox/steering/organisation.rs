//! The endpoints for groups, teams, subscriptions, licences and glances.

use handover::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::harness::{Device, Reply, get, post, sandbox};

const TEAM: (&str, &str) = ("token", "tSandbox0000000000000000000001");

async fn form(sandbox: &Sandbox, path: &str, fields: &[(&str, &str)]) -> Reply {
    let token = sandbox.account().app_token;
    post(sandbox, &format!("/1/{path}"), &[&[("token", token.as_str())], fields].concat()).await
}

async fn query(sandbox: &Sandbox, path: &str) -> Reply {
    let token = sandbox.account().app_token;
    get(sandbox, &format!("/1/{path}"), &[("token", &token)]).await
}

#[track_caller]
fn assert_rejected(reply: &Reply, key: &str, error: &str) {
    assert_eq!((reply.status, &reply.json["status"]), (400, &json!(0)), "{reply:?}");
    assert!(reply.json[key].is_string() && reply.json["errors"] == json!([error]), "{}", reply.json);
}

#[tokio::test]
async fn a_group_is_created_filled_changed_and_sent_to() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let user = sandbox.account().user_key;
    let created = form(&sandbox, "groups.json", &[("name", "On call")]).await;
    let key = created.json["group"].as_str().unwrap().to_owned();
    assert_eq!((key.len(), created.status), (30, 200));
    let listed = query(&sandbox, "groups.json").await.json;
    assert!(listed["groups"].as_array().unwrap().contains(&json!({"group": key, "name": "On call"})));

    let change = async |change: &str, fields: &[(&str, &str)]| {
        form(&sandbox, &format!("groups/{key}/{change}.json"), fields).await
    };
    let member = [("user", user.as_str()), ("device", "lap"), ("memo", "at work")];
    assert_eq!(change("add_user", &member).await.status, 200);
    assert_rejected(&change("add_user", &member).await, "user", "user is already a member of this group");
    assert_rejected(&change("add_user", &[("user", "x")]).await, "user", "user key is invalid");
    let nowhere = [member[0], ("device", "nowhere")];
    assert_rejected(&change("add_user", &nowhere).await, "device", "device name is not valid for this user");
    let read = query(&sandbox, &format!("groups/{key}.json")).await.json;
    assert_eq!(read["name"], "On call");
    assert_eq!(read["users"], json!([{"user": user, "device": "lap", "memo": "at work", "disabled": false}]));

    let send = async || sandbox.send(&[("message", "m"), ("user", &key)]);
    send().await;
    assert_eq!((sandbox.queue(&desk.id).len(), sandbox.queue(&lap.id).len()), (0, 1));
    assert_eq!(change("disable_user", &member[..1]).await.status, 200);
    assert_eq!(send().await["info"], "no active devices to send to");
    assert_eq!(change("enable_user", &member[..2]).await.status, 200);
    send().await;
    assert_eq!(sandbox.queue(&lap.id).len(), 2);

    assert_eq!(change("rename", &[("name", "Night")]).await.status, 200);
    assert_rejected(&change("rename", &[("name", "")]).await, "name", "name cannot be blank");
    for removal in ["remove_user", "delete_user"] {
        assert_eq!(change(removal, &member[..1]).await.status, 200);
        let again = change(removal, &member[..1]).await;
        assert_rejected(&again, "user", "user is not a member of this group");
        change("add_user", &member[..1]).await;
    }
    assert_eq!(query(&sandbox, &format!("groups/{key}.json")).await.json["name"], "Night");
    let unknown = query(&sandbox, "groups/gNowhere.json").await;
    assert_rejected(&unknown, "group", "group not found or you are not authorized to edit it");
    assert_eq!(get(&sandbox, "/1/groups.json", &[("token", "x")]).await.json["token"], "invalid");
}

#[tokio::test]
async fn a_glance_is_checked() {
    let sandbox = sandbox().await;
    let user = sandbox.account().user_key;
    let glance = async |field: (&str, &str)| form(&sandbox, "glances.json", &[("user", &user), field]).await;
    for field in [("title", "t"), ("subtext", "s"), ("count", "-3"), ("percent", "100")] {
        assert_eq!(glance(field).await.status, 200, "{field:?}");
    }
    let long = "ä".repeat(101);
    for field in [("text", long.as_str()), ("count", "many"), ("percent", "101")] {
        let rejected = glance(field).await;
        assert_eq!((rejected.status, rejected.json[field.0].is_string()), (400, true), "{field:?}");
    }
    assert_eq!(glance(("device", "desk")).await.json["errors"], json!(["no glance data was supplied"]));
    assert_rejected(&form(&sandbox, "glances.json", &[("user", "x")]).await, "user", "user key is invalid");
}

#[tokio::test]
async fn a_subscribed_key_can_be_sent_to() {
    let sandbox = sandbox().await;
    let (desk, lap) = (Device::add(&sandbox, "desk"), Device::add(&sandbox, "lap"));
    let user = sandbox.account().user_key;
    let code = sandbox.description()["subscription"].as_str().unwrap().to_owned();
    let fields = [("subscription", code.as_str()), ("user", &user), ("device_name", "desk")];
    let migrated = form(&sandbox, "subscriptions/migrate.json", &fields).await.json;
    let key = migrated["subscribed_user_key"].as_str().unwrap();
    assert_eq!(form(&sandbox, "subscriptions/migrate.json", &fields).await.json["subscribed_user_key"], key);
    assert_eq!(sandbox.send(&[("message", "m"), ("user", key)])["status"], 1);
    assert_eq!((sandbox.queue(&desk.id).len(), sandbox.queue(&lap.id).len()), (1, 0));
    let wrong = [("subscription", "x"), fields[1]];
    let rejected = form(&sandbox, "subscriptions/migrate.json", &wrong).await;
    assert_rejected(&rejected, "subscription", "subscription token is invalid");
    let rejected = form(&sandbox, "subscriptions/migrate.json", &[fields[0], ("user", "x")]).await;
    assert_rejected(&rejected, "user", "user key is not valid for any active user");
}

#[tokio::test]
async fn licences_are_assigned_until_there_are_none_left() {
    let sandbox = sandbox().await;
    let user = sandbox.account().user_key;
    assert_eq!(query(&sandbox, "licenses.json").await.json["credits"], 5);
    for left in (0..5).rev() {
        let assigned = form(&sandbox, "licenses/assign.json", &[("user", &user), ("os", "Desktop")]).await;
        assert_eq!(assigned.json["credits"], left);
    }
    let out = form(&sandbox, "licenses/assign.json", &[("email", "a@example.org")]).await;
    assert_eq!(
        (out.status, &out.json["errors"]),
        (400, &json!({"token": ["is out of available license credits"]}))
    );
    for (fields, key) in [(&[("user", "x")][..], "user"), (&[("email", "x")], "email"), (&[], "user")] {
        let rejected = form(&sandbox, "licenses/assign.json", fields).await;
        assert_eq!((rejected.status, rejected.json[key].is_string()), (400, true), "{fields:?}");
    }
    let rejected = form(&sandbox, "licenses/assign.json", &[("user", &user), ("os", "BeOS")]).await;
    assert_eq!(rejected.status, 400);
}

#[tokio::test]
async fn a_team_has_members_and_a_token_of_its_own() {
    let sandbox = sandbox().await;
    let change = async |change: &str, fields: &[(&str, &str)]| {
        post(&sandbox, &format!("/1/teams/{change}_user.json"), &[&[TEAM], fields].concat()).await
    };
    let member = [("email", "a@example.org"), ("name", "Ann"), ("admin", "true")];
    assert_eq!(change("add", &member).await.status, 200);
    assert_rejected(&change("add", &member).await, "email", "user is already a member of this team");
    assert_rejected(&change("add", &[("email", "x")]).await, "email", "email is not a valid e-mail address");
    let team = get(&sandbox, "/1/teams.json", &[TEAM]).await.json;
    assert_eq!(
        team["users"][0],
        json!({"name": "Ann", "email": "a@example.org", "admin": true, "group": Value::Null})
    );
    assert_eq!(change("remove", &member[..1]).await.status, 200);
    assert_rejected(&change("remove", &member[..1]).await, "email", "user is not a member of this team");
    let of_app = query(&sandbox, "teams.json").await;
    assert_rejected(&of_app, "token", "team token is invalid");
}
