package argocd

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// errGone is in the error of a call for what is not there.
var errGone = errors.New("not found")

// explain classifies what a call failed with, and says what to do about it.
func explain(err error) error {
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return refused(status.Status())
	}
	var forged *tls.CertificateVerificationError
	var large *http.MaxBytesError
	switch _, plugin, found := strings.Cut(err.Error(), "getting credentials: "); {
	case errors.As(err, &forged):
		return fault.Hintf("give the kubeconfig's cluster the certificate authority of its server, and its name as tls-server-name", "asking Kubernetes: %w", err)
	case errors.As(err, &large):
		return fmt.Errorf("reading Kubernetes' answer: it has more than %d bytes", large.Limit)
	case found: // client-go gives it no type, and adds paragraphs of advice
		plugin, _, _ = strings.Cut(plugin, "\n")
		return fault.New(fault.Retry, "run the credential plugin of the kubeconfig's user by hand", "getting credentials for Kubernetes: %s", plugin)
	}
	return fault.New(fault.Retry, "check that the server of the kubeconfig is reachable from here", "asking Kubernetes: %w", err)
}

// refused returns the error that an answer of the server is.
func refused(s metav1.Status) error {
	err := fmt.Errorf("status %d: %q", s.Code, s.Message)
	switch code := int(s.Code); {
	case code == http.StatusConflict:
		return fmt.Errorf("%w: %w", unblock.ErrChanged, err)
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fault.Hintf("get, list, watch and patch of applications.argoproj.io in Argo CD's namespace are needed", "asking Kubernetes: %w", err)
	case code == http.StatusNotFound:
		return fault.Hintf("check the kubeconfig's context and --argocd-namespace: there are no such Applications", "asking Kubernetes: %w: %w", errGone, err)
	case code == http.StatusTooManyRequests, code == http.StatusGone, code >= 500: // 410 is a list whose next page has expired
		return fault.New(fault.Retry, "repeat the command", "asking Kubernetes: %w", err)
	}
	return fmt.Errorf("asking Kubernetes: %w", err)
}
