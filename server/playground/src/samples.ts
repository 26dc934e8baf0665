// What each language begins with; `‸` is the cursor.

export const SAMPLES: Record<string, { name: string; text: string; words: string }> = {
  python: {
    name: "Python",
    text: `import re


def words_of(text: str) -> list[str]:
    """The words of a text, in small letters."""
    return re.findall(r"[a-z']+", text.lower())


def most_common(text: str, count: int) -> list[str]:
    """The most common words of a text, the most common one first."""
    counts: dict[str, int] = {}
    for word in words_of(text):
        ‸
`,
    words: "merge two sorted lists. merge([1, 3], [2]) == [1, 2, 3], merge([], [1]) == [1]",
  },
  javascript: {
    name: "JavaScript",
    text: `/** The words of a text, in small letters. */
function wordsOf(text) {
  return text.toLowerCase().match(/[a-z']+/g) ?? [];
}

/** How often each word of a text is there. */
function counts(text) {
  const found = new Map();
  for (const word of wordsOf(text)) {
    ‸
  }
  return found;
}
`,
    words: "rotate an array to the right by n. rotate([1, 2, 3], 1) == [3, 1, 2]",
  },
  go: {
    name: "Go",
    text: `package text

import "strings"

// Counts says how often each word of a text is there.
func Counts(text string) map[string]int {
	found := map[string]int{}
	for _, word := range strings.Fields(text) {
		‸
	}
	return found
}
`,
    words: "a function that reverses a string",
  },
};
