package generators

import (
	"slices"
	"strings"
)

// initialisms are the words that Go writes in capitals.
var initialisms = strings.Fields(`acl api ascii cpu css dns eof guid html http https id ip json lhs qps ram rhs rpc
	sla smtp sql ssh tcp tls ttl udp ui uid uuid uri url utf8 vm xml xmpp xsrf xss`)

// goName is a name in snake case as Go writes it: customer_id becomes CustomerID.
func goName(snake string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(snake, "_") {
		if slices.Contains(initialisms, word) {
			b.WriteString(strings.ToUpper(word))
		} else {
			b.WriteString(upperFirst(word))
		}
	}
	return b.String()
}

func upperFirst(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// article is the word in front of a noun in a sentence.
func article(words string) string {
	if words != "" && strings.ContainsRune("aeio", rune(words[0])) {
		return "an"
	}
	return "a"
}

// irregular are plurals that no rule makes, and words that are both.
var irregular = map[string]string{
	"person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet", "tooth": "teeth",
	"mouse": "mice", "goose": "geese", "criterion": "criteria", "leaf": "leaves", "half": "halves",
	"life": "lives", "knife": "knives", "movie": "movies", "cookie": "cookies", "tie": "ties", "pie": "pies", "cache": "caches",
	"series": "series", "species": "species", "news": "news", "data": "data", "lens": "lenses", "gas": "gases",
	"axe": "axes", "release": "releases", "house": "houses", "course": "courses", "case": "cases", "base": "bases",
	"purchase": "purchases", "expense": "expenses", "license": "licenses", "lease": "leases", "phase": "phases",
	"response": "responses", "database": "databases", "warehouse": "warehouses", "horse": "horses", "nurse": "nurses",
	"exercise": "exercises", "franchise": "franchises", "promise": "promises", "size": "sizes", "prize": "prizes",
}

// plural is the last word's plural. It serves suggestions and paths: what is stored is
// the name as it was given.
func plural(snake string) string {
	head, word := lastWord(snake)
	if many, ok := irregular[word]; ok {
		return head + many
	}
	switch {
	case singular(snake) != snake:
		return snake
	case strings.HasSuffix(word, "y") && len(word) > 1 && !strings.ContainsRune("aeiou", rune(word[len(word)-2])):
		return head + word[:len(word)-1] + "ies"
	case hasAnySuffix(word, "s", "x", "z", "ch", "sh"):
		return head + word + "es"
	default:
		return head + word + "s"
	}
}

// singular is the last word's singular; the name itself where it is none of many.
func singular(snake string) string {
	head, word := lastWord(snake)
	for one, many := range irregular {
		if word == many {
			return head + one
		}
	}
	switch {
	case irregular[word] != "", len(word) < 4, hasAnySuffix(word, "ss", "us", "is", "ous", "ics"):
		return snake
	case strings.HasSuffix(word, "ies"):
		return head + word[:len(word)-3] + "y"
	case hasAnySuffix(word, "sses", "xes", "zes", "ches", "shes", "uses"):
		return head + word[:len(word)-2]
	case strings.HasSuffix(word, "s"):
		return head + word[:len(word)-1]
	default:
		return snake
	}
}

func lastWord(snake string) (head, word string) {
	i := strings.LastIndexByte(snake, '_') + 1
	return snake[:i], snake[i:]
}

func hasAnySuffix(word string, suffixes ...string) bool {
	return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(word, s) })
}

// spelledLike writes a suggestion the way the user wrote the name.
func spelledLike(typed, snake string) string {
	if strings.ToLower(typed) == typed {
		return snake
	}
	return goName(snake)
}
