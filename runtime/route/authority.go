package route

import (
	"strconv"
	"strings"
)

// Host returns the host of an authority in lower case, without port, brackets and the root's dot. It refuses
// user names, ports that are none, and characters that no host has.
func Host(authority string) (string, bool) {
	host, port := authority, ""
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 {
			return "", false
		}
		port = host[end+1:]
		host = host[1:end]
		if port != "" && port[0] != ':' || strings.Trim(host, "0123456789abcdefABCDEF:.") != "" {
			return "", false
		}
		port = strings.TrimPrefix(port, ":")
	} else {
		host, port, _ = strings.Cut(authority, ":")
		for i := 0; i < len(host); i++ {
			if !isHostByte(host[i]) {
				return "", false
			}
		}
	}
	if authority != "" && (host == "" || host[0] == '.' || strings.Contains(host, "..")) { // no host has an empty label
		return "", false
	}
	if port != "" { // most have none, and an error would be an allocation
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", false
		}
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), true
}

func isHostByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_'
}
