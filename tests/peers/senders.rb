# Rushover, the client in Debian, as its documentation shows.
require "json"
require "net/http"
require "rushover"

def check(name)
  passed = yield
  puts "#{passed ? 'ok  ' : 'FAIL'} rushover: #{name}"
rescue StandardError => e
  puts "FAIL rushover: #{name}: #{e.class} #{e.message.lines.first}"
end

def count(text)
  uri = URI("#{ENV['SANDBOX']}/_sandbox/messages")
  uri.query = URI.encode_www_form("text" => text)
  JSON.parse(Net::HTTP.new(uri.host, uri.port, nil).get(uri.request_uri).body)["count"]
end

client = Rushover::Client.new(ENV["TOKEN"])
user = ENV["USER_KEY"]
check("a message") { client.notify(user, "rushover ü", title: "R", priority: 1).ok? }
check("it arrived") { count("rushover ü") == 1 }
check("validate") { client.validate!(user) && client.validate!(user, "lap") }
check("a wrong device is refused") { !client.validate!(user, "x") }
check("an emergency and its receipt") do
  sent = client.notify(user, "rushover alarm", priority: 2, retry: 30, expire: 60)
  client.receipt(sent[:receipt])[:acknowledged] == 0
end
check("a wrong token is refused") { !Rushover::Client.new("x").notify(user, "m").ok? }
