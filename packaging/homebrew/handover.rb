# For a tap. The checksum is that of the release's source, see SHA256SUMS there.
class Handover < Formula
  desc "Receive Pushover messages on the desktop (unofficial client)"
  homepage "https://github.com/handover/handover"
  url "https://github.com/handover/handover/archive/refs/tags/v0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "MIT"

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args
    bash_completion.install "packaging/linux/completions/handover.bash" => "handover"
    zsh_completion.install "packaging/linux/completions/_handover"
    fish_completion.install "packaging/linux/completions/handover.fish"
    man1.install "packaging/linux/man/handover.1"
    man5.install "packaging/linux/man/handover-config.5"
  end

  service do
    run [opt_bin/"handover", "run", "--at-login"]
    keep_alive crashed: true
  end

  test do
    assert_equal "handover #{version}", shell_output("#{bin}/handover --version").strip
  end
end
