package render

import "os"

// WriteUnprepared makes changes that nobody has looked at before, so that they fail in the middle.
func WriteUnprepared(dir string, write []File, remove ...string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	t := &transaction{root: root, write: write, remove: remove}
	return t.run()
}
